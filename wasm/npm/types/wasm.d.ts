// The engine as a compiled module, in runtimes that import WebAssembly.
declare const engine: typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : object;
export default engine;
