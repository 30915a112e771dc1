/** A thread of `runLexCli`: gets lexicons, answers with their types. */
import { parentPort, workerData } from 'node:worker_threads'
import { generateTypes } from './lex-cli.ts'

parentPort?.postMessage(await generateTypes(workerData))
