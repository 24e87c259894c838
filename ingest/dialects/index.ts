import type { Dialect } from './dialect.ts';
import { guangdong } from './guangdong.ts';
import { national } from './national.ts';

export const dialects: readonly Dialect[] = [guangdong, national];
