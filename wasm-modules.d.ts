/** An imported `.wasm` file is a compiled module, in Workers as in the tools of this project. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
