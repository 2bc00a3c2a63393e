/** The disk of a browser, which has none: in its bundle this stands for `node:fs`. */

function missing(): never {
  throw Object.assign(new Error('there is no disk'), { code: 'ENOENT' });
}

export const lstatSync = missing;
export const statSync = missing;
export const readdirSync = missing;
export const readFileSync = missing;
export const realpathSync = missing;
