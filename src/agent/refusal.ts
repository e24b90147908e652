/** The agent will not or cannot do what was asked; the message is for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
