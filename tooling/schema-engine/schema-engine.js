#!/usr/bin/env node
// @ts-check
import { parseArguments } from './src/arguments.js'
import { runCommand } from './src/command.js'
import { serve } from './src/serve.js'
import { engineVersion } from './src/wasm.js'

const invocation = parseArguments(process.argv.slice(2))
if (invocation.kind === 'version') process.stdout.write(`schema-engine-cli ${engineVersion}\n`)
else if (invocation.kind === 'command') process.exitCode = await runCommand(invocation)
else await serve(invocation)
