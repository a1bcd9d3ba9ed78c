import { cifar10 } from '../../trainer/datasets/cifar10.js'
import { pixelsAt, type PixelSet } from '../../trainer/datasets/dataset.js'
import { classesOf } from '../../trainer/labels.js'
import { evaluationData } from '../evaluation-data.js'
import { heldOut, rankedOfClass, type Protocol } from './protocol.js'

/** Of a division only: what is held out is the same whatever a run's seed. */
const SEED = 1
/** Bird, horse and truck: one animal like others, one less so, and a thing with a near relative among the seen. */
const UNSEEN = new Set([2, 7, 9])

const train = async (directory: string, parts?: number): Promise<PixelSet> => (await cifar10(evaluationData(directory, 'cifar10'), parts)).train

/** The ways CIFAR-10 is divided here: all but T hold queries out of the 50,000 training images, of which we have the lossless originals. */
export const cifar10Protocols: readonly Protocol[] = [
  {
    name: 'F',
    about: 'CIFAR-10: train and database 45,000, queries 5,000 held out (500 a class)',
    load: async directory => {
      const all = await train(directory)
      const { held, rest } = heldOut(all, 500, SEED)
      const database = pixelsAt(all, rest)
      return { train: database, database, queries: pixelsAt(all, held) }
    }
  },
  {
    name: 'T',
    about: 'CIFAR-10: train and database 50,000, queries 500 test images; the standard error is about 0.01',
    load: async directory => {
      const { train, test } = await cifar10(evaluationData(directory, 'cifar10'))
      return { train, database: train, queries: test }
    }
  },
  {
    name: 'S',
    about: 'CIFAR-10: queries 1,000 held out (100 a class), 5,000 labelled to train (500 a class), database the 49,000 that are no queries',
    load: async directory => {
      const all = await train(directory)
      const { held, rest } = heldOut(all, 100, SEED)
      const database = pixelsAt(all, rest)
      return { train: pixelsAt(database, heldOut(database, 500, SEED).held), database, queries: pixelsAt(all, held) }
    }
  },
  {
    name: 'A',
    about: 'CIFAR-10, for ablations: train and database the first 1,000 of each class, queries the next 200',
    load: async directory => {
      const some = await train(directory, 2)
      const database = pixelsAt(some, rankedOfClass(some, 0, 1000))
      return { train: database, database, queries: pixelsAt(some, rankedOfClass(some, 1000, 1200)) }
    }
  },
  {
    name: 'unseen',
    about: 'CIFAR-10, unseen classes: train on the 35,000 of seven classes, search bird, horse and truck: database 13,500, queries 1,500 (500 a class)',
    load: async directory => {
      const all = await train(directory)
      const classes = classesOf(all.labels)
      const of = (unseen: boolean): Uint32Array => Uint32Array.from(classes.keys()).filter(i => UNSEEN.has(classes[i]!) === unseen)
      const others = pixelsAt(all, of(true))
      const last = rankedOfClass(others, 4500, 5000)
      return { train: pixelsAt(all, of(false)), database: pixelsAt(others, rankedOfClass(others, 0, 4500)), queries: pixelsAt(others, last) }
    }
  }
]
