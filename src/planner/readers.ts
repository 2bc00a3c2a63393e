/** Own, enumerable properties of an object that are worked out when somebody reads them. */

const SOURCE = Symbol('source');

type Read<R> = { readonly [name in keyof R]: R[name] extends (source: never) => infer V ? V : never };

/**
 * What puts such properties on an object, each read from the source that is given beside it. The getters are the same for every
 * object: in a literal they would be others each time, and V8 makes each time a hidden class, which holds what they hold for long.
 */
export function readers<S>() {
  return <R extends { readonly [name: string]: (source: S) => unknown }>(read: R) => {
    const properties: PropertyDescriptorMap = {};
    for (const [name, of] of Object.entries(read)) {
      properties[name] = {
        enumerable: true,
        get(this: { [SOURCE]: S }) {
          return of(this[SOURCE]);
        },
      };
    }
    return <T extends object>(target: T, source: S): T & Read<R> =>
      Object.defineProperties(Object.defineProperty(target, SOURCE, { value: source }), properties) as T & Read<R>;
  };
}
