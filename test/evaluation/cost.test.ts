import test from 'ava'
import { costOf } from '../../evaluation/cost.js'
import { Variables } from '../../encoder/layers/variables.js'
import { buildNetwork } from '../../encoder/networks/networks.js'
import { openTraining } from '../encoder/numeric.js'

await openTraining()

const of = async (network: string, settings: Record<string, unknown>) => {
  const variables = new Variables()
  try {
    return await costOf(buildNetwork({ network, settings, bits: 16, detail: 0 }), variables, [32, 32, 3])
  } finally {
    variables.dispose()
  }
}

test.serial('cost: counts what the layers of a network come to by hand', async t => {
  const width = 4
  const conv = (side: number, from: number, to: number): number => side * side * 25 * from * to
  const maps = conv(32, 3, width) + conv(15, width, width) + conv(7, width, 2 * width)
  const weights = 25 * (3 * width + width * width + 2 * width * width) + width + width + 2 * width
  t.deepEqual(await of('dsh-cnn', { width, hidden: [10] }), { multiplyAdds: maps + 2 * width * 10 + 10 * 16, parameters: weights + 2 * width * 10 + 10 + 10 * 16 + 16 })
})

test.serial('cost: fusion takes fewer parameters and less work than the pyramid it stands for', async t => {
  const [fusion, pyramid] = [await of('dsh-cnn', { hidden: [500] }), await of('dsh-cnn', { hidden: [500], pooling: 'pyramid' })]
  t.is(pyramid.parameters - fusion.parameters, (21 - 1) * 64 * 500)
  t.is(pyramid.multiplyAdds - fusion.multiplyAdds, (21 - 1) * 64 * 500)
})

test.serial('cost: three-branch attention adds 300 parameters, whatever the channels', async t => {
  for (const width of [8, 16]) t.is((await of('small-cnn', { width, attention: 'last' })).parameters - (await of('small-cnn', { width })).parameters, 300)
})
