import { activate } from './activate.js'

/** The last resort: some 70 ms for one CIFAR picture. For tests, and for machines that have nothing else. */
export async function loadJavaScript (): Promise<string> {
  await activate('cpu')
  return 'plain JavaScript, some hundred times slower than native TensorFlow'
}
