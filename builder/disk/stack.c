#include "disk/stack.h"

#include <string.h>

const char *stack_word(const struct stack_node *node, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < node->words.count; i++) {
		const char *word = node->words.items[i];

		if (strncmp(word, key, length) == 0 && (word[length] == '=' || !word[length]))
			return word[length] ? word + length + 1 : "";
	}
	return NULL;
}

const struct stack_node *stack_find(const struct stack *stack, const char *id)
{
	for (size_t i = 0; i < stack->n_nodes; i++)
		if (strcmp(stack->nodes[i].id, id) == 0)
			return &stack->nodes[i];
	return NULL;
}
