/** The built-in filter. In a Worker an imported `.wasm` file is a compiled module. */
declare const filter: WebAssembly.Module;
export default filter;
