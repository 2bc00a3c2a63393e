declare module '*.wgsl' {
  const source: string;
  export default source;
}
declare module '*.txt' {
  const source: string;
  export default source;
}
declare module '*.css';
