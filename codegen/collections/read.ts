/** Reads collection files with ts-morph: syntax only, as handlers are read. */
import type { ObjectLiteralExpression } from 'ts-morph'
import { definerNsid, parseSource, placeOf, unwrap } from '../handlers/source.ts'
import { nsidToPath } from '../layout.ts'
import { Node } from '../ts-morph.ts'
import type { CollectionShape, WrittenIndex, WrittenPlace } from './shape.ts'

/** The shape of a collection file's text. @param nsid that its path stands for */
export function readCollection(path: string, text: string, nsid: string): CollectionShape {
  const { file, syntaxError } = parseSource(path, text)
  const shape: CollectionShape = { wrong: [], indexes: [], search: [], hooks: [] }
  if (syntaxError) return { ...shape, syntaxError }
  const expected = `the result of \`collection\` from '#lex/${nsidToPath(nsid)}'`
  const exported = file.getExportAssignment((node) => !node.isExportEquals())?.getExpression()
  if (!exported) {
    const message = `has no \`export default\`; it should be ${expected}`
    shape.wrong.push({ line: 1, column: 1, message })
    return shape
  }
  const call = unwrap(exported)
  const definer = Node.isCallExpression(call) ? definerNsid(call, 'collection') : undefined
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
