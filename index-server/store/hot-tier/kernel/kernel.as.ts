// The kernel of the hot tier: everything that is done once a code. `npm run build:wasm` makes kernel.wasm of it.
export { begin, probe } from './probe.as'
export { scan } from './scan.as'
export { crowding, fileUnder, find, sortDistinct } from './build.as'
