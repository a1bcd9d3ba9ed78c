import { AttributeProto, AttributeProto_AttributeType, GraphProto, ModelProto, NodeProto, TensorProto, TensorProto_DataType, ValueInfoProto } from '../../proto/gen/onnx/onnx.js'

/** Of the operators: the oldest that has all we write, with their axes as attributes. */
const OPSET = 17
const IR_VERSION = 8
/** What a graph calls the number of pictures, which differs from run to run. */
const COUNT = 'n'

/** Whole numbers, lists of them, words, and floats, which are said to be such. */
export type Attribute = number | readonly number[] | string | { readonly float: number }

/** An ONNX graph in the making: from one tensor, `x`, to one, `y`, whose first side is the number of pictures. */
export class Graph {
  readonly #nodes: NodeProto[] = []
  readonly #initializers: TensorProto[] = []
  #names = 0

  /** @returns the name of what comes out. */
  node (opType: string, input: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = this.#name()
    this.#nodes.push(NodeProto.fromPartial({ opType, input: [...input], output: [output], attribute: Object.entries(attributes).map(attributeOf) }))
    return output
  }

  floats (values: Float32Array, dims: readonly number[]): string {
    return this.#initializer(values, dims, TensorProto_DataType.FLOAT)
  }

  integers (values: readonly number[]): string {
    return this.#initializer(BigInt64Array.from(values, BigInt), [values.length], TensorProto_DataType.INT64)
  }

  /**
   * The model as a file has it.
   *
   * @param x the sides of what comes in, without the first.
   * @param y the name of what is to come out, and its sides without the first.
   */
  encode (x: { readonly dims: readonly number[], readonly bytes: boolean }, y: { readonly name: string, readonly dims: readonly number[] }): Uint8Array {
    const nodes = [...this.#nodes, NodeProto.fromPartial({ opType: 'Identity', input: [y.name], output: ['y'] })]
    return ModelProto.encode(ModelProto.fromPartial({
      irVersion: IR_VERSION,
      producerName: 'hammingbird',
      opsetImport: [{ domain: '', version: OPSET }],
      graph: GraphProto.fromPartial({
        name: 'network',
        node: nodes,
        initializer: this.#initializers,
        input: [valueInfo('x', x.dims, x.bytes ? TensorProto_DataType.UINT8 : TensorProto_DataType.FLOAT)],
        output: [valueInfo('y', y.dims, TensorProto_DataType.FLOAT)]
      })
    })).finish()
  }

  #initializer (values: Float32Array | BigInt64Array, dims: readonly number[], dataType: TensorProto_DataType): string {
    const name = this.#name()
    this.#initializers.push(TensorProto.fromPartial({ name, dims: [...dims], dataType, rawData: Buffer.from(values.buffer, values.byteOffset, values.byteLength) }))
    return name
  }

  #name (): string {
    return `t${this.#names++}`
  }
}

function attributeOf ([name, value]: [string, Attribute]): AttributeProto {
  const { INT, INTS, STRING, FLOAT } = AttributeProto_AttributeType
  if (typeof value === 'number') return AttributeProto.fromPartial({ name, type: INT, i: value })
  if (typeof value === 'string') return AttributeProto.fromPartial({ name, type: STRING, s: Buffer.from(value) })
  if ('float' in value) return AttributeProto.fromPartial({ name, type: FLOAT, f: value.float })
  return AttributeProto.fromPartial({ name, type: INTS, ints: [...value] })
}

function valueInfo (name: string, dims: readonly number[], elemType: TensorProto_DataType): ValueInfoProto {
  const dim = [{ value: { $case: 'dimParam' as const, value: COUNT } }, ...dims.map(value => ({ value: { $case: 'dimValue' as const, value } }))]
  return ValueInfoProto.fromPartial({ name, type: { value: { $case: 'tensorType', value: { elemType, shape: { dim } } } } })
}
