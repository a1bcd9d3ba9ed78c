/** What a model makes of `count` pictures, one after the other. */
export interface Encoded {
  /** `count` codes of bits / 8 bytes. */
  readonly codes: Uint8Array
  /** [count, bits], where asked for. */
  readonly outputs?: Float32Array
  /** [count, detail], where the manifest has any. */
  readonly detail?: Int8Array
}

/** A model in a worker. What takes long waits for `step` at least every 50 ms: more urgent work has its turn there. */
export interface Model {
  /** What computes, in a sentence. */
  readonly backend: string
  /** @param pixels u8 [count, height, width, 3], RGB, in the size of the manifest's input. */
  encode (pixels: Uint8Array, count: number, options: { readonly outputs?: boolean }, step: () => Promise<void>): Promise<Encoded>
  dispose (): void
}
