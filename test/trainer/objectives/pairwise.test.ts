import { codeSimilarity } from '../../../trainer/objectives/code-similarity.js'
import { dpsh } from '../../../trainer/objectives/dpsh.js'
import { dsh } from '../../../trainer/objectives/dsh.js'
import { hashNet } from '../../../trainer/objectives/hashnet.js'
import { labelCosine } from '../../../trainer/objectives/label-cosine.js'
import { BITS, dot, mean, objectiveSuite, pairs, softplus, type Rows } from '../../suites/objective.js'

const shapes = (n: number) => [[n, BITS]] as const
const quantised = (u: Rows): number => mean(u.flat().map(x => (Math.abs(x) - 1) ** 2))

objectiveSuite('dsh', {
  shapes,
  loss: ([u], labels) => dsh(u!, labels),
  formula: ([u], labels) => mean(pairs(labels).map(({ i, j, alike }) => {
    const d = u![i]!.reduce((sum, x, k) => sum + (x - u![j]![k]!) ** 2, 0)
    return alike ? d / 2 : Math.max(0, 2 * BITS - d) / 2
  })) + 2 * 0.01 * mean(u!.map(row => row.reduce((sum, x) => sum + Math.abs(Math.abs(x) - 1), 0)))
})

objectiveSuite('dpsh', {
  shapes,
  loss: ([u], labels) => dpsh(u!, labels, 0.3),
  formula: ([u], labels) => mean(pairs(labels).map(({ i, j, alike }) => {
    const theta = dot(u![i]!, u![j]!) / 2
    return softplus(theta) - (alike ? theta : 0)
  })) + 0.3 * quantised(u!)
})

objectiveSuite('hashnet', {
  shapes,
  loss: ([a], labels) => hashNet(a!, labels, 1.5),
  formula: ([a], labels) => {
    const u = a!.map(row => row.map(x => Math.tanh(1.5 * x)))
    const theta = (i: number, j: number): number => 10 / BITS * dot(u[i]!, u[j]!)
    const all = pairs(labels)
    const weight = (alike: boolean): number => all.length / all.filter(pair => pair.alike === alike).length
    return mean(all.map(({ i, j, alike }) => weight(alike) * (softplus(theta(i, j)) - (alike ? theta(i, j) : 0))))
  }
})

objectiveSuite('code similarity', {
  shapes,
  loss: ([a], labels) => codeSimilarity(a!, labels, { embedding: 0.7 }),
  formula: ([a], labels) => {
    const u = a!.map(row => row.map(Math.tanh))
    const of = (alike: boolean, term: (p: number) => number): number =>
      mean(pairs(labels).filter(pair => pair.alike === alike).map(({ i, j }) => term(dot(u[i]!, u[j]!))))
    const d = (p: number): number => (BITS - p) / 2
    return of(true, p => softplus(p / 2) - p / 2) + of(false, p => softplus(p / 2)) +
      0.7 * (of(true, p => d(p) / BITS) + of(false, p => Math.max(0, BITS / 2 - d(p)) / BITS)) + 0.1 * quantised(u)
  }
})

for (const soft of ['idhn', 'isdh', 'cosine'] as const) {
  objectiveSuite(`label cosine, ${soft}`, {
    shapes,
    loss: ([a], labels) => labelCosine(a!, labels, { soft }),
    formula: ([a], labels) => {
      const u = a!.map(row => row.map(x => x / (1 + Math.abs(x))))
      return mean(pairs(labels).map(({ i, j }) => {
        const [y, z] = [labels[i]!, labels[j]!]
        const c = dot(y, z) / Math.sqrt(dot(y, y) * dot(z, z))
        const p = dot(u[i]!, u[j]!)
        const theta = 5 * p / BITS
        if (c > 0.99 || c < 0.01) return (soft === 'isdh' ? 10 : 1) * (softplus(theta) - c * theta)
        if (soft === 'isdh') return (c - 1 / (1 + Math.exp(-theta))) ** 2
        return 0.1 * BITS * ((soft === 'idhn' ? (p + BITS) / (2 * BITS) : p / BITS) - c) ** 2
      })) + 0.1 * mean(u.flat().map(x => Math.abs(Math.abs(x) - 1)))
    }
  })
}

objectiveSuite('label cosine, binary', {
  shapes,
  loss: ([a], labels) => labelCosine(a!, labels, { similarity: 'binary', quantization: 0 }),
  formula: ([a], labels) => {
    const u = a!.map(row => row.map(x => x / (1 + Math.abs(x))))
    return mean(pairs(labels).map(({ i, j, alike }) => {
      const theta = 5 * dot(u[i]!, u[j]!) / BITS
      return softplus(theta) - (alike ? theta : 0)
    }))
  }
})

objectiveSuite('label cosine, binary by squared distances', {
  shapes,
  loss: ([a], labels) => labelCosine(a!, labels, { similarity: 'binary', soft: 'cosine', quantization: 0 }),
  formula: ([a], labels) => {
    const u = a!.map(row => row.map(x => x / (1 + Math.abs(x))))
    return mean(pairs(labels).map(({ i, j, alike }) => {
      const [y, z] = [labels[i]!, labels[j]!]
      const c = dot(y, z) / Math.sqrt(dot(y, y) * dot(z, z))
      const p = dot(u[i]!, u[j]!)
      const theta = 5 * p / BITS
      return c > 0.99 || c < 0.01 ? softplus(theta) - (alike ? theta : 0) : 0.1 * BITS * (p / BITS - 1) ** 2
    }))
  }
})
