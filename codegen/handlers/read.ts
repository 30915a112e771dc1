/** Reads handler files with ts-morph: syntax only, no type checker, so that it stays fast. */
import type { ObjectLiteralExpression, SourceFile } from 'ts-morph'
import { pathToNsid } from '../layout.ts'
import { Node } from '../ts-morph.ts'
import { readRule } from './read-rule.ts'
import type { DefaultExport, HandlerShape, LexImport, Place } from './shape.ts'
import { definerNsid, PREFIX, parseSource, placeOf, unwrap } from './source.ts'

/** Where policies are imported from: the package, or the file itself. */
const isOfPolicies = (module: string): boolean =>
  module === 'cumulus' || module.endsWith('/server/auth/policy.ts')

/** The shape of a handler file's text. */
export function readHandler(path: string, text: string): HandlerShape {
  const { file, syntaxError } = parseSource(path, text)
  // What is half written, such as an import without a module, ts-morph does not look into.
  if (syntaxError) return { imports: [], export: { is: 'missing' }, syntaxError }
  return { imports: lexImports(file), export: defaultExport(file) }
}

function lexImports(file: SourceFile): LexImport[] {
  return file.getImportDeclarations().flatMap((declaration) => {
    const module = declaration.getModuleSpecifierValue()
    if (!module.startsWith(PREFIX) || declaration.isTypeOnly()) return []
    const nsid = pathToNsid(`${module.slice(PREFIX.length)}.ts`)
    const place = placeOf(declaration.getModuleSpecifier())
    const names = declaration.getNamedImports().filter((named) => !named.isTypeOnly())
    const namespace = declaration.getNamespaceImport() ? ['*'] : []
    return [...names.map((named) => named.getName()), ...namespace].map((name) => ({
      name,
      nsid,
      ...place,
    }))
  })
}

function defaultExport(file: SourceFile): DefaultExport {
  const exported = exportedExpression(file)
  if (!exported) return { is: 'missing' }
  const value = unwrap(exported)
  if (!Node.isExpression(value)) return { is: 'other', what: describe(value), ...placeOf(exported) }
  const nsid = Node.isCallExpression(value) ? definerNsid(value, 'define') : undefined
  if (!Node.isCallExpression(value) || nsid === undefined) {
    return { is: 'other', what: describe(value), ...placeOf(exported) }
  }
  const definition: DefaultExport = {
    is: 'definition',
    nsid,
    missing: [],
    wrong: [],
    ...placeOf(value),
  }
  const [argument] = value.getArguments()
  const object = argument && unwrap(argument)
  if (!object) definition.missing.push('auth', 'handler')
  else if (Node.isObjectLiteralExpression(object)) readFields(object, definition)
  return definition
}

/** The node behind `export default …` or `export { … as default }`. */
function exportedExpression(file: SourceFile): Node | undefined {
  const assignment = file.getExportAssignment((node) => !node.isExportEquals())
  if (assignment) return assignment.getExpression()
  for (const declaration of file.getExportDeclarations()) {
    for (const named of declaration.getNamedExports()) {
      if ((named.getAliasNode()?.getText() ?? named.getName()) !== 'default') continue
      return declaration.hasModuleSpecifier() ? named : named.getNameNode()
    }
  }
  return file.getStatements().find((node) => Node.isExportable(node) && node.isDefaultExport())
}

function readFields(
  object: ObjectLiteralExpression,
  definition: Extract<DefaultExport, { is: 'definition' }>,
): void {
  const rule = object.getProperty('oauth')
  if (Node.isPropertyAssignment(rule)) {
    definition.oauth = readRule(unwrap(rule.getInitializerOrThrow()))
  }
  const spreads = object.getProperties().some((property) => Node.isSpreadAssignment(property))
  for (const field of ['auth', 'handler']) {
    const property = object.getProperty(field)
    if (!property && !spreads) definition.missing.push(field)
    const value = Node.isPropertyAssignment(property)
      ? unwrap(property.getInitializerOrThrow())
      : property
    if (value && Node.isLiteralLike(value)) {
      definition.wrong.push({ field, what: describe(value), ...placeOf(value) })
    }
    if (field === 'auth' && property && !spreads && !object.getProperty('oauth')) {
      const policy = policyName(property)
      if (policy !== undefined) definition.unsaid = { policy, ...placeOf(property) }
    }
    if (field === 'handler' && value) {
      const place = inputUse(value)
      if (place) definition.usesInput = place
    }
  }
}

/** The name of a policy as it is imported, in `auth: session` or `auth`. */
function policyName(property: Node): string | undefined {
  const value = Node.isPropertyAssignment(property) ? property.getInitializer() : property
  const name = Node.isShorthandPropertyAssignment(value) ? value.getName() : value?.getText()
  for (const declaration of property.getSourceFile().getImportDeclarations()) {
    if (!isOfPolicies(declaration.getModuleSpecifierValue())) continue
    const named = declaration
      .getNamedImports()
      .find((one) => (one.getAliasNode()?.getText() ?? one.getName()) === name)
    if (named) return named.getName()
  }
  return undefined
}

/** Where a handler function takes `input` out of its context. */
function inputUse(handler: Node): Place | undefined {
  const isFunction =
    Node.isMethodDeclaration(handler) ||
    Node.isArrowFunction(handler) ||
    Node.isFunctionExpression(handler) ||
    Node.isFunctionDeclaration(handler)
  const parameter = isFunction ? handler.getParameters()[0]?.getNameNode() : undefined
  if (!Node.isObjectBindingPattern(parameter)) return undefined
  const element = parameter
    .getElements()
    .find((node) => (node.getPropertyNameNode()?.getText() ?? node.getName()) === 'input')
  return element && placeOf(element)
}

function describe(node: Node): string {
  if (Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node)) return 'a string'
  if (Node.isNumericLiteral(node)) return 'a number'
  if (Node.isObjectLiteralExpression(node)) return 'a plain object'
  if (Node.isClassDeclaration(node) || Node.isClassExpression(node)) return 'a class'
  if (Node.isCallExpression(node)) return `the result of ${node.getExpression().getText()}(…)`
  if (Node.isExportSpecifier(node)) return 'something from another file'
  if (
    Node.isFunctionDeclaration(node) ||
    Node.isArrowFunction(node) ||
    Node.isFunctionExpression(node)
  ) {
    return 'a function'
  }
  return `\`${node.getText().slice(0, 40)}\``
}
