/** What is read the same way in every file of a project that a lexicon stands for: its syntax, its places, its definer. */
import type { CallExpression, SourceFile } from 'ts-morph'
import { pathToNsid } from '../layout.ts'
import { Node, Project, ts } from '../ts-morph.ts'
import type { Place, PlacedMessage } from './shape.ts'

/** Where the modules of lexicons are imported from. */
export const PREFIX = '#lex/'

/** A text as a file, and what is wrong with its syntax. */
export function parseSource(
  path: string,
  text: string,
): { file: SourceFile; syntaxError: PlacedMessage | undefined } {
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true })
  const file = project.createSourceFile(`/${path}`, text)
  const [first] = project.getProgram().getSyntacticDiagnostics(file)
  if (!first) return { file, syntaxError: undefined }
  const message = ts.flattenDiagnosticMessageText(first.compilerObject.messageText, ' ')
  return { file, syntaxError: { ...file.getLineAndColumnAtPos(first.getStart()), message } }
}

export const placeOf = (node: Node): Place =>
  node.getSourceFile().getLineAndColumnAtPos(node.getStart())

/** Looks through parentheses, assertions, and names of constants and functions in the same file. */
export function unwrap(node: Node): Node {
  if (
    Node.isParenthesizedExpression(node) ||
    Node.isSatisfiesExpression(node) ||
    Node.isAsExpression(node)
  ) {
    return unwrap(node.getExpression())
  }
  if (!Node.isIdentifier(node)) return node
  const value = node.getSourceFile().getVariableDeclaration(node.getText())?.getInitializer()
  if (value) return unwrap(value)
  return node.getSourceFile().getFunction(node.getText()) ?? node
}

/** The NSID in `#lex/…` from which what is called was imported as `exported`, by itself or with all of its module. */
export function definerNsid(call: CallExpression, exported: string): string | undefined {
  const callee = call.getExpression()
  const isMember = Node.isPropertyAccessExpression(callee) && callee.getName() === exported
  const name = isMember ? callee.getExpression().getText() : callee.getText()
  for (const declaration of call.getSourceFile().getImportDeclarations()) {
    const module = declaration.getModuleSpecifierValue()
    if (!module.startsWith(PREFIX)) continue
    const imported = isMember
      ? declaration.getNamespaceImport()?.getText() === name
      : declaration
          .getNamedImports()
          .some(
            (named) =>
              named.getName() === exported &&
              (named.getAliasNode()?.getText() ?? exported) === name,
          )
    if (imported) return pathToNsid(`${module.slice(PREFIX.length)}.ts`)
  }
  return undefined
}
