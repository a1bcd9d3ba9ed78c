// Writes CIFAR-10 training pictures as PNG files, a folder a class: node dist/dev/cifar-folders.js DIRECTORY PER-CLASS [DATA]
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { cifar10 } from '../trainer/datasets/cifar10.js'
import { classesOf } from '../trainer/labels.js'

const [directory = '', perClass = '', data = process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? '../shared/data'] = process.argv.slice(2)
if (directory === '' || !(Number(perClass) > 0)) throw new Error('a directory and a number of pictures a class are wanted')

const { train } = await cifar10(join(data, 'cifar10'))
const written = train.names.map(() => 0)
for (const name of train.names) await mkdir(join(directory, name), { recursive: true })
for (const [i, label] of classesOf(train.labels).entries()) {
  if (written[label]! >= Number(perClass)) continue
  const picture = train.pixels.subarray(i * 3072, (i + 1) * 3072)
  await writeFile(join(directory, train.names[label]!, `${String(written[label]!++).padStart(5, '0')}.png`), await sharp(picture, { raw: { width: 32, height: 32, channels: 3 } }).png().toBuffer())
}
