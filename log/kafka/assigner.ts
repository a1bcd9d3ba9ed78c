import { AssignerProtocol, type PartitionAssigner } from 'kafkajs'

/** Gives each member of a group the partitions this process asked for: for groups that have one member. */
export function ownPartitions (topic: string, partitions: readonly number[]): PartitionAssigner {
  const name = 'hammingbird-own'
  return () => ({
    name,
    version: 1,
    protocol: ({ topics }) => ({ name, metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }) }),
    assign: ({ members }) => Promise.resolve(members.map(({ memberId }) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 1, assignment: { [topic]: [...partitions] }, userData: Buffer.alloc(0) })
    })))
  })
}
