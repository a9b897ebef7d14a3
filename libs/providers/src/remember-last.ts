/** The function, its last answer kept: for what nearly always is asked again for the same. */
export function rememberLast<K extends string | number, V>(compute: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | null = null;
  return (key) => {
    if (last?.key !== key) last = { key, value: compute(key) };
    return last.value;
  };
}
