import { activate } from './activate.js'

/**
 * WebAssembly, one thread: right for encoding. Its gradients are not (that of max-pooling is wrong for negative
 * inputs, those of convolutions are missing), so nothing trains on it.
 */
export async function loadWasm (): Promise<string> {
  await import('@tensorflow/tfjs-backend-wasm') // registers itself
  await activate('wasm')
  return 'WebAssembly, 3 to 6 times slower than native TensorFlow; encodes, cannot train'
}
