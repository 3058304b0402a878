/**
 * The three functions of the decorator-metadata proposal that the container inside @peculiar/x509
 * asks for while it loads. Must be imported before that package; the usual polyfill package would
 * be a dependency for these twenty lines.
 */
type MetadataKey = string | symbol;

interface MetadataReflect {
  getMetadata?: (key: MetadataKey, target: object) => unknown;
  getOwnMetadata?: (key: MetadataKey, target: object) => unknown;
  defineMetadata?: (key: MetadataKey, value: unknown, target: object) => void;
}

const reflect = Reflect as MetadataReflect;

if (!reflect.getMetadata) {
  const stored = new WeakMap<object, Map<MetadataKey, unknown>>();
  const own = (key: MetadataKey, target: object) => stored.get(target)?.get(key);
  reflect.getOwnMetadata = own;
  reflect.getMetadata = (key, target) => {
    for (let at: object | null = target; at; at = Reflect.getPrototypeOf(at)) {
      const value = own(key, at);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  reflect.defineMetadata = (key, value, target) => {
    const entries = stored.get(target) ?? new Map<MetadataKey, unknown>();
    entries.set(key, value);
    stored.set(target, entries);
  };
}
