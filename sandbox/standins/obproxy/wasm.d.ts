/** esbuild's base64 loader puts the file's bytes into the bundle. */
declare module '*.wasm' {
  const base64: string;
  export default base64;
}
