/**
 * Who gets which partition: as evenly as can be, and moving no more than that takes.
 *
 * @param current who has each partition now, where that may go on.
 * @returns a member for each of the partitions 0 to `partitions - 1`; none when there are no members.
 */
export function assign<Member> (partitions: number, members: readonly Member[], current: ReadonlyMap<number, Member>): Map<number, Member> {
  const assigned = new Map<number, Member>()
  if (members.length === 0) return assigned
  const counts = new Map(members.map(member => [member, 0]))
  const share = Math.floor(partitions / members.length)
  let extra = partitions % members.length // so many may have one more
  for (const [partition, member] of current) {
    const count = counts.get(member)
    if (count === undefined || count > share || (count === share && extra === 0)) continue
    if (count === share) extra--
    counts.set(member, count + 1)
    assigned.set(partition, member)
  }
  for (let partition = 0; partition < partitions; partition++) {
    if (assigned.has(partition)) continue
    const [least] = [...counts].reduce((least, other) => other[1] < least[1] ? other : least)
    counts.set(least, counts.get(least)! + 1)
    assigned.set(partition, least)
  }
  return assigned
}
