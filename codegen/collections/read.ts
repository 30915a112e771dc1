/** Reads collection files with ts-morph: syntax only, as handlers are read. */
import { type CallExpression, Node, type ObjectLiteralExpression, Project, ts } from 'ts-morph'
import type { Place } from '../handlers/shape.ts'
import { nsidToPath, pathToNsid } from '../layout.ts'
import type { CollectionShape, WrittenIndex, WrittenPlace } from './shape.ts'

const PREFIX = '#lex/'

/** The shape of a collection file's text. @param nsid that its path stands for */
export function readCollection(path: string, text: string, nsid: string): CollectionShape {
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true })
  const file = project.createSourceFile(`/${path}`, text)
  const shape: CollectionShape = { wrong: [], indexes: [], search: [], hooks: [] }
  const options = { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ESNext } }
  const [first] = ts.transpileModule(text, options).diagnostics ?? []
  if (first) {
    const message = ts.flattenDiagnosticMessageText(first.messageText, ' ')
    shape.syntaxError = { ...file.getLineAndColumnAtPos(first.start ?? 0), message }
    return shape
  }
  const expected = `the result of \`collection\` from '#lex/${nsidToPath(nsid)}'`
  const exported = file.getExportAssignment((node) => !node.isExportEquals())?.getExpression()
  if (!exported) {
    const message = `has no \`export default\`; it should be ${expected}`
    shape.wrong.push({ line: 1, column: 1, message })
    return shape
  }
  const call = unwrap(exported)
  const definer = Node.isCallExpression(call) ? definerNsid(call) : undefined
  if (!Node.isCallExpression(call) || definer === undefined) {
    const message = `the default export should be ${expected}`
    shape.wrong.push({ ...placeOf(exported), message })
    return shape
  }
  shape.nsid = definer
  const [argument] = call.getArguments()
  const object = argument && unwrap(argument)
  if (!Node.isObjectLiteralExpression(object)) {
    const message = 'the definition should be written out, as an object: its indexes are read here'
    shape.wrong.push({ ...placeOf(argument ?? call), message })
    return shape
  }
  readIndexes(object, shape)
  readSearch(object, shape)
  for (const hook of ['beforeWrite', 'afterWrite'] as const) {
    if (object.getProperty(hook)) shape.hooks.push(hook)
  }
  return shape
}

function readIndexes(object: ObjectLiteralExpression, shape: CollectionShape): void {
  const value = propertyOf(object, 'index')
  if (!value) return
  if (!Node.isObjectLiteralExpression(value)) {
    const message = "`index` should be written out: { byTime: ['createdAt'] }"
    shape.wrong.push({ ...placeOf(value), message })
    return
  }
  for (const property of value.getProperties()) {
    const places = Node.isPropertyAssignment(property)
      ? textsOf(property.getInitializerOrThrow())
      : undefined
    if (!Node.isPropertyAssignment(property) || !places || places.length === 0) {
      const message = "an index is a list of places, written out: ['subject.uri', 'createdAt']"
      shape.wrong.push({ ...placeOf(property), message })
      continue
    }
    const name = nameOf(property.getNameNode())
    const index: WrittenIndex = { name, places, ...placeOf(property) }
    shape.indexes.push(index)
  }
}

function readSearch(object: ObjectLiteralExpression, shape: CollectionShape): void {
  const value = propertyOf(object, 'search')
  if (!value) return
  const places = textsOf(value)
  if (places) shape.search = places
  else {
    const message = "`search` should be a list of places, written out: ['title']"
    shape.wrong.push({ ...placeOf(value), message })
  }
}

function propertyOf(object: ObjectLiteralExpression, name: string): Node | undefined {
  const property = object.getProperty(name)
  if (!property) return undefined
  if (Node.isShorthandPropertyAssignment(property)) return unwrap(property.getNameNode())
  return Node.isPropertyAssignment(property) ? unwrap(property.getInitializerOrThrow()) : property
}

/** The texts of a list that is written out. */
function textsOf(node: Node): WrittenPlace[] | undefined {
  const list = unwrap(node)
  if (!Node.isArrayLiteralExpression(list)) return undefined
  const texts = list.getElements().flatMap((element) => {
    const text = unwrap(element)
    const isText = Node.isStringLiteral(text) || Node.isNoSubstitutionTemplateLiteral(text)
    return isText ? [{ path: text.getLiteralText(), ...placeOf(element) }] : []
  })
  return texts.length === list.getElements().length ? texts : undefined
}

const nameOf = (node: Node): string =>
  Node.isStringLiteral(node) ? node.getLiteralText() : node.getText()

/** Looks through parentheses, assertions, and names of constants in the same file. */
function unwrap(node: Node): Node {
  if (
    Node.isParenthesizedExpression(node) ||
    Node.isSatisfiesExpression(node) ||
    Node.isAsExpression(node)
  ) {
    return unwrap(node.getExpression())
  }
  if (!Node.isIdentifier(node)) return node
  const value = node.getSourceFile().getVariableDeclaration(node.getText())?.getInitializer()
  return value ? unwrap(value) : node
}

/** The NSID in `#lex/…` from which the called `collection` was imported. */
function definerNsid(call: CallExpression): string | undefined {
  const name = call.getExpression().getText()
  for (const declaration of call.getSourceFile().getImportDeclarations()) {
    const module = declaration.getModuleSpecifierValue()
    if (!module.startsWith(PREFIX)) continue
    const isIt = declaration
      .getNamedImports()
      .some(
        (named) =>
          named.getName() === 'collection' &&
          (named.getAliasNode()?.getText() ?? 'collection') === name,
      )
    if (isIt) return pathToNsid(`${module.slice(PREFIX.length)}.ts`)
  }
  return undefined
}

const placeOf = (node: Node): Place => node.getSourceFile().getLineAndColumnAtPos(node.getStart())
