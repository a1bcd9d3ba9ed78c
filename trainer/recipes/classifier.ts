import { tf } from '../../encoder/tf.js'
import { softmaxCrossEntropy } from '../objectives/classification.js'
import { fromNothing } from './defaults.js'
import type { Recipe } from './recipe.js'
import { invalid } from '../../errors.js'

/**
 * No hashing at all: a classifier, whose codes name the class that it sees, one bit a class. On classes that it has seen such codes retrieve as well as
 * any, and say nothing about any other (A. Sablayrolles et al. How should we evaluate supervised hashing? ICASSP 2017): what a hash
 * has to be held against.
 */
export const classifier: Recipe = {
  name: 'classifier',
  about: 'the baseline that is no hash: one bit for each class, the one that a classifier sees is set (Sablayrolles 2017)',
  plan: ({ bits, classes, exclusive }) => {
    if (!exclusive || classes > bits) throw invalid('recipe', `classifier wants one label an item and a bit for each: there are ${classes} labels and ${bits} bits`)
    return {
      network: 'small-cnn',
      settings: {},
      objective: ({ outputs, labels }) => softmaxCrossEntropy(tf.slice2d(outputs, [0, 0], [outputs.shape[0], classes]), labels),
      reads: outputs => onlyTheLargest(outputs, bits, classes),
      training: fromNothing
    }
  }
}

/** @param outputs [n, bits]. @returns the same shape: 1 for the largest of the first `classes` of each row, else −1. */
export function onlyTheLargest (outputs: Float32Array, bits: number, classes: number): Float32Array {
  const read = new Float32Array(outputs.length).fill(-1)
  for (let from = 0; from < outputs.length; from += bits) {
    let largest = from
    for (let at = from + 1; at < from + classes; at++) if (outputs[at]! > outputs[largest]!) largest = at
    read[largest] = 1
  }
  return read
}
