/** There is no project to look at: no schema, or none with the audit's generator. The message is for the person. */
export class ProjectNotFoundError extends Error {
  override readonly name = 'ProjectNotFoundError'
}
