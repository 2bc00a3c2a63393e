import type { TechniqueCheck } from '../../runner/checks/context';
import { checkInteger } from '../int8/check';

export const check: TechniqueCheck = (context) => checkInteger(context, 4);
