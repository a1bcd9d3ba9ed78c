/** A question that a benchmark answers: one a file. */
export interface Question {
  /** What is asked, in a line. */
  readonly asks: string
  /** @param args what stood behind the question's name. @throws when a bar that was asked for is missed. */
  readonly run: (args: string[]) => Promise<void>
}
