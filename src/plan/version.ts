/** Whether a version such as `1.10` comes before `major.minor`. */
export function before(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first < major || (first === major && second < minor);
}
