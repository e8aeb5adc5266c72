import DataLoader from 'dataloader'

/** A loader of single rows by key: the rows that a query needs at one level are read with one statement. */
export function rowLoader<Row extends { id: string }>(
  read: (keys: string[]) => Promise<Row[]>,
): DataLoader<string, Row | null> {
  return new DataLoader(async keys => {
    const rows = new Map((await read([...keys])).map(row => [row.id, row]))
    return keys.map(key => rows.get(key) ?? null)
  })
}

/** A loader of short lists that are read whole, by the key of the row they belong to. */
export function listLoader<Row>(
  read: (parentKeys: string[]) => Promise<Row[]>,
  parentKey: (row: Row) => string,
): DataLoader<string, Row[]> {
  return new DataLoader(async keys => {
    const lists = new Map<string, Row[]>(keys.map(key => [key, []]))
    for (const row of await read([...keys])) lists.get(parentKey(row))?.push(row)
    return keys.map(key => lists.get(key) ?? [])
  })
}

/** Loads a row that a foreign key says is there. */
export async function loadReferred<Row>(loader: DataLoader<string, Row | null>, key: string): Promise<Row> {
  const row = await loader.load(key)
  if (row === null) throw new Error(`The row ${key} is referred to but not there`)
  return row
}
