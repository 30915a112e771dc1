/** Collection files (`src/collections/<nsid>.ts`), as far as a change of a lexicon may concern them. Syntax only. */
import { join } from 'node:path'
import { Node, type ObjectLiteralExpression, Project } from 'ts-morph'
import { COLLECTIONS, pathToNsid } from '../layout.ts'
import { listFiles, readText } from '../tree.ts'

export interface CollectionFile {
  path: string
  nsid: string
  /** Places in a record by the name of the index, such as `subject.uri`; `search` is one, too. */
  indexes: { name: string; places: string[] }[]
  hooks: string[]
}

const HOOKS = ['beforeWrite', 'afterWrite']

/** Every collection file of a project. What is not written out in one is not told of. */
export function collectionFiles(root: string): CollectionFile[] {
  return listFiles(root, COLLECTIONS)
    .filter((path) => path.endsWith('.ts') && !/\.(test|d)\.ts$/.test(path))
    .map((path) => ({
      path,
      nsid: pathToNsid(path.slice(COLLECTIONS.length + 1)),
      ...readCollection(path, readText(join(root, path)) ?? ''),
    }))
}

function readCollection(path: string, text: string): Pick<CollectionFile, 'indexes' | 'hooks'> {
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true })
  const file = project.createSourceFile(`/${path}`, text)
  const exported = file.getExportAssignment((node) => !node.isExportEquals())?.getExpression()
  const argument = Node.isCallExpression(exported) ? exported.getArguments()[0] : undefined
  if (!Node.isObjectLiteralExpression(argument)) return { indexes: [], hooks: [] }
  const index = fieldOf(argument, 'index')
  const named = Node.isObjectLiteralExpression(index)
    ? index
        .getProperties()
        .flatMap((property) =>
          Node.isPropertyAssignment(property)
            ? [{ name: property.getName(), places: textsOf(property.getInitializer()) }]
            : [],
        )
    : []
  const search = textsOf(fieldOf(argument, 'search'))
  return {
    indexes: [...named, ...(search.length > 0 ? [{ name: 'search', places: search }] : [])],
    hooks: HOOKS.filter((hook) => argument.getProperty(hook)),
  }
}

function fieldOf(object: ObjectLiteralExpression, name: string): Node | undefined {
  const property = object.getProperty(name)
  return Node.isPropertyAssignment(property) ? property.getInitializer() : undefined
}

const textsOf = (list: Node | undefined): string[] =>
  Node.isArrayLiteralExpression(list)
    ? list
        .getElements()
        .flatMap((item) => (Node.isStringLiteral(item) ? [item.getLiteralValue()] : []))
    : []
