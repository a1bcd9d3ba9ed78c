/** The part of WebAssembly that we use: neither our `lib` nor @types/node declares it. */
declare namespace WebAssembly {
  const Module: new (bytes: Uint8Array) => object
  class Memory {
    constructor (descriptor: { initial: number, maximum: number, shared: boolean })
    readonly buffer: SharedArrayBuffer
    grow (pages: number): number
  }
  class Instance {
    constructor (module: object, imports: Record<string, Record<string, Memory | ((...args: number[]) => number)>>)
    readonly exports: object
  }
}
