import { FLOAT, nativeOps } from '../backends/native.js'
import { tf } from '../tf.js'

export type Activation = 'relu' | 'relu6' | 'linear'

/** @param training whether a gradient will be asked for. */
export function activate<T extends tf.Tensor> (x: T, activation: Activation, training: boolean): T {
  if (activation === 'linear') return x
  if (!training) return activation === 'relu' ? tf.relu(x) : tf.relu6(x)
  return (activation === 'relu' ? nativeRelu('Relu', 'ReluGrad') ?? tf.relu : nativeRelu('Relu6', 'Relu6Grad') ?? tf.relu6)(x) as T
}

/** tfjs takes a step, a cast and a product for the gradient of a ReLU; TensorFlow has one op for it. */
function nativeRelu (op: string, gradient: string): ((x: tf.Tensor) => tf.Tensor) | undefined {
  const native = nativeOps()
  return native && tf.customGrad((x, save) => {
    const [y] = native(op, { T: FLOAT }, [x as tf.Tensor], 1)
    ;(save as tf.GradSaveFunc)([y!])
    return { value: y!, gradFunc: (dy: tf.Tensor, [y]: tf.Tensor[]) => native(gradient, { T: FLOAT }, [dy, y!], 1)[0]! }
  })
}
