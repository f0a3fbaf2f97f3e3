#include "sealed/sops/node.h"
int sops_json_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault)
{ (void)pool; (void)text; (void)tree; return fault_set(fault, FAULT_UNSUPPORTED, 0, "not yet"); }
int sops_dotenv_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault)
{ (void)pool; (void)text; (void)tree; return fault_set(fault, FAULT_UNSUPPORTED, 0, "not yet"); }
int sops_ini_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault)
{ (void)pool; (void)text; (void)tree; return fault_set(fault, FAULT_UNSUPPORTED, 0, "not yet"); }
