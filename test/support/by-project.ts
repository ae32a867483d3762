import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** One project after the other: a process that has run a file goes on with the next one of its project, with what it has loaded. */
export class ByProject extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const names = [...new Set(sorted.map(({ project }) => project.name))]
    return names.flatMap((name) => sorted.filter(({ project }) => project.name === name))
  }
}
