import type { PytorchRules } from '../tape/pytorch/rules';
import type { Recipe } from '../tape/recipe';

type ProductRule = NonNullable<PytorchRules['product']>;

/** Why two techniques that each write a layer's products cannot stand together. */
export const OWN_PRODUCTS = "each puts its own product in the place of a layer's";

/** A recipe whose products go by `rule`; what it leaves to `plain` goes by the rules before it. */
export function withProduct(recipe: Recipe, rule: ProductRule): Recipe {
  const before = recipe.pytorch.product;
  const product: ProductRule = (step, call, plain) => rule(step, call, () => before?.(step, call, plain) ?? plain());
  return { ...recipe, pytorch: { ...recipe.pytorch, product } };
}
