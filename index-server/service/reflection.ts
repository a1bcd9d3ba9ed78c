import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import type { Server } from '@grpc/grpc-js'
import type { MessageTypeDefinition } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'

const DESCRIPTORS = join(import.meta.dirname, '../../proto/gen/descriptors.binpb')

/**
 * Lets tools such as grpcurl ask the server what it can do, so that they need no proto files. They are given the files as
 * buf made them: proto-loader would merge those of one package and lose what they import.
 */
export async function addReflection (server: Pick<Server, 'addService'>): Promise<void> {
  // Of a package definition the reflection service reads these descriptors and nothing else.
  const files = { fileDescriptorProtos: filesOf(await readFile(DESCRIPTORS)) } as MessageTypeDefinition<object, object>
  new ReflectionService({ files }).addToServer(server as Server)
}

/** The files of a google.protobuf.FileDescriptorSet: its field 1. */
function filesOf (set: Uint8Array): Buffer[] {
  const files: Buffer[] = []
  const reader = new BinaryReader(set)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1) files.push(Buffer.from(reader.bytes()))
    else reader.skip(wireType)
  }
  return files
}
