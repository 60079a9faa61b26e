/** The BFB image format of BlueField cards: streaming reader, versions, writer. */
export * from './header.ts';
export * from './images.ts';
export * from './info.ts';
export * from './reader.ts';
export * from './writer.ts';
