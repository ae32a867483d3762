/**
 * A schema that Prisma accepts, of a block that shows a part of one: annotations without what they stand above, fields without their model, models
 * without a datasource. Nothing that the block says is changed.
 */
export function wholeSchema(code: string): string {
  const models = code.split(/\n{2,}(?=\S)/).map(wholePart)
  const generator = /^generator audit \{/m.test(code)
    ? ''
    : 'generator audit {\n  provider = "prisma-generator-audit"\n}\n\n'
  if (!/^\/\/\/ @audit/m.test(code)) models.push('/// @audit(enabled)\nmodel Whole {\n  key Int @id\n}')
  const datasource = /^datasource /m.test(code) ? '' : '\n\ndatasource db {\n  provider = "postgresql"\n}\n'
  return generator + models.join('\n\n') + datasource
}

function wholePart(part: string, n: number): string {
  const text = part.trim()
  if (/^(model|enum|generator|datasource|view) /m.test(text)) return text
  const lines = text.split('\n')
  const isField = lines.some((line) => !line.startsWith('//'))
  if (isField) return `/// @audit(enabled)\nmodel Part${n} {\n  key Int @id\n  ${lines.join('\n  ')}\n}`
  // Alternatives for one model, each in a line of its own.
  const annotations = lines.filter((line) => line.startsWith('/// @audit'))
  return annotations.map((line, m) => `${line}\nmodel Part${n}x${m} {\n  key Int @id\n}`).join('\n\n')
}
