import sharp from 'sharp'

// Work is spread over processes: threads inside one only compete. A cache would hold what is never asked for again.
sharp.concurrency(1)
sharp.cache(false)
// All of this holds for a whole process: it is for decoders, and who draws from SVG keeps out of here.
// Loaders are closed, then those of the formats that are taken opened: a file with a forged head finds no other door.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'].map(loader => `VipsForeignLoad${loader}Buffer`)
})

/** The one door to sharp in a decoder: one thread, no cache, few loaders. */
export { sharp }
