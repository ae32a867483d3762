import { readSchemaFiles } from '../schema-files.ts'
import { isOfDatabase } from './database-client.ts'
import { findSchema, type ProjectFlags } from './find-schema.ts'
import { partition } from './partition.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/**
 * A deployment is the one thing that every project does again and again: it makes the partitions of the months to come. What is in the way
 * is said, and does not undo the deployment: `status` fails in time.
 *
 * @returns 0
 * @throws InterruptedError where a signal ended it
 */
export async function partitionAfterDeploy(flags: ProjectFlags, cwd: string): Promise<number> {
  try {
    const files = await readSchemaFiles(await findSchema(flags, cwd), cwd)
    // A project without partitions does not wait for its schema to be read once more.
    if (!files.some(({ text }) => text.includes('partitionBy'))) return 0
    await partition(flags, cwd)
    return 0
  } catch (error) {
    if (!(error instanceof ProjectNotFoundError) && !isOfDatabase(error)) throw error
    console.error(
      `audit: no partitions were made ahead. ${error.message}\nThe deployment is done. Make them with npx prisma-generator-audit partition.`,
    )
    return 0
  }
}
