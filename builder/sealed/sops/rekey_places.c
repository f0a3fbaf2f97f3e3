/* The entries of age at their place in the text: between brackets (JSON, YAML), in lines by their indentation (YAML), or
 * with their number in a key (dotenv, INI). What cannot be recognised is refused when the new text is read again. */
#include <ctype.h>
#include <string.h>

#include "sealed/sops/leaves.h"
#include "sealed/sops/rekey.h"

/* Part of the text. */
struct rekey_places_span {
	size_t from, to;
};

static struct bytes rekey_places_bytes(const char *text)
{
	return (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

static void rekey_places_copy(const struct rekey *rekey, struct growing *out, size_t from, size_t to)
{
	if (from < to && to <= rekey->text.size)
		growing_add(out, rekey->text.data + from, to - from);
}

static const struct sops_node *rekey_places_item(const struct sops_node *age, size_t index)
{
	const struct sops_node *node = age->first;

	while (node && index--)
		node = node->next;
	return node;
}

static int rekey_places_cannot(struct rekey *rekey, const struct sops_node *age)
{
	fault_set(rekey->fault, FAULT_UNSUPPORTED, age->line,
		  "its entries of age are written in a way that cannot be changed at its place");
	return fault_hint(rekey->fault, "change it with sops itself: sops updatekeys FILE, or sops rotate --in-place FILE");
}

/* An entry in the form of another one, whose recipient and file are exchanged. */
static bool rekey_places_like(struct rekey *rekey, struct growing *out, const struct sops_node *like,
			      const struct rekey_entry *entry)
{
	const struct sops_node *recipient = sops_node_at(like, "recipient"), *enc = sops_node_at(like, "enc");
	bool turned = recipient && enc && recipient->from > enc->from;
	const struct sops_node *first = turned ? enc : recipient, *second = turned ? recipient : enc;

	if (!first || !second || !like->brackets || first->from < like->from || second->from < first->to)
		return false;
	rekey_places_copy(rekey, out, like->from, first->from);
	sops_json_quote(out, rekey_places_bytes(turned ? entry->enc : entry->recipient));
	rekey_places_copy(rekey, out, first->to, second->from);
	sops_json_quote(out, rekey_places_bytes(turned ? entry->recipient : entry->enc));
	rekey_places_copy(rekey, out, second->to, like->to);
	return true;
}

/* What stands between two entries; of one alone, what stands before it. */
static void rekey_places_between(const struct rekey *rekey, struct growing *out, const struct sops_node *age)
{
	const struct sops_node *first = age->first;
	size_t at = age->from + 1;

	if (first->next) {
		rekey_places_copy(rekey, out, first->to, first->next->from);
		return;
	}
	growing_puts(out, ",");
	while (at < first->from && strchr(" \t\r\n", rekey->text.data[at]))
		at++;
	rekey_places_copy(rekey, out, age->from + 1, at);
	growing_puts(out, at == age->from + 1 ? " " : "");
}

static int rekey_places_brackets(struct rekey *rekey, const struct sops_node *age)
{
	struct growing out = {.pool = rekey->pool};

	rekey_places_copy(rekey, &out, age->from, age->first->from);
	for (size_t i = 0; i < rekey->n_entries; i++) {
		const struct rekey_entry *entry = &rekey->entries[i];
		const struct sops_node *old = entry->old == REKEY_NEW ? NULL : rekey_places_item(age, entry->old);

		if (i)
			rekey_places_between(rekey, &out, age);
		if (old && !entry->enc)
			rekey_places_copy(rekey, &out, old->from, old->to);
		else if (!entry->enc || !rekey_places_like(rekey, &out, old ? old : age->first, entry))
			return rekey_places_cannot(rekey, age);
	}
	rekey_places_copy(rekey, &out, age->last->to, age->to);
	rekey_edit(rekey, age->from, age->to, growing_bytes(&out));
	return 0;
}

static size_t rekey_places_line(const struct rekey *rekey, size_t at)
{
	while (at > 0 && rekey->text.data[at - 1] != '\n')
		at--;
	return at;
}

static size_t rekey_places_line_end(const struct rekey *rekey, size_t at)
{
	const uint8_t *end = memchr(rekey->text.data + at, '\n', rekey->text.size - at);

	return end ? (size_t)(end - rekey->text.data) + 1 : rekey->text.size;
}

/* The lines of an entry that begins with "- " in a line of its own: up to one that is not further in. Empty lines at its end do
 * not belong to it. False: it begins otherwise. */
static bool rekey_places_block(const struct rekey *rekey, const struct sops_node *item, struct rekey_places_span *ret_span,
			       size_t *ret_dash)
{
	const uint8_t *data = rekey->text.data;
	size_t line = rekey_places_line(rekey, item->from), dash = line, at;

	while (dash < item->from && data[dash] == ' ')
		dash++;
	if (item->shape != SOPS_MAP || item->brackets || dash == item->from || data[dash] != '-')
		return false;
	for (at = dash + 1; at < item->from; at++) {
		if (data[at] != ' ')
			return false;
	}
	*ret_dash = dash - line;
	ret_span->from = line;
	ret_span->to = rekey_places_line_end(rekey, line);
	for (at = ret_span->to; at < rekey->text.size; at = rekey_places_line_end(rekey, at)) {
		size_t in = at;

		while (in < rekey->text.size && data[in] == ' ')
			in++;
		if (in < rekey->text.size && (data[in] == '\n' || data[in] == '\r'))
			continue;
		if (in - at <= *ret_dash)
			break;
		ret_span->to = rekey_places_line_end(rekey, at);
	}
	return true;
}

static void rekey_places_spaces(struct growing *out, size_t n)
{
	while (n--)
		growing_puts(out, " ");
}

/* A new entry in lines of its own, as sops writes it. */
static void rekey_places_lines(struct growing *out, const struct rekey_entry *entry, size_t dash, size_t key, const char *end)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +/=@._-";
	bool bare = strspn(entry->recipient, safe) == strlen(entry->recipient);

	rekey_places_spaces(out, dash);
	growing_puts(out, "-");
	rekey_places_spaces(out, key - dash - 1);
	growing_puts(out, "recipient: ");
	if (bare)
		growing_puts(out, entry->recipient);
	else
		sops_json_quote(out, rekey_places_bytes(entry->recipient));
	growing_puts(out, end);
	rekey_places_spaces(out, key);
	growing_puts(out, "enc: |");
	growing_puts(out, end);
	for (const char *line = entry->enc; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
		rekey_places_spaces(out, key + 2);
		growing_add(out, line, strcspn(line, "\n"));
		growing_puts(out, end);
	}
}

/* The entries in lines, each of them begins with "- ". */
static int rekey_places_blocks(struct rekey *rekey, const struct sops_node *age)
{
	struct rekey_places_span all = {.from = rekey->text.size}, span;
	struct growing out = {.pool = rekey->pool};
	size_t dash, first_dash = 0, key = age->first->from - rekey_places_line(rekey, age->first->from);
	const char *end;

	for (const struct sops_node *item = age->first; item; item = item->next) {
		if (!rekey_places_block(rekey, item, &span, &dash) || (item != age->first && dash != first_dash))
			return rekey_places_cannot(rekey, age);
		first_dash = dash;
		all.from = span.from < all.from ? span.from : all.from;
		all.to = span.to;
	}
	end = all.to - all.from > 1 && memmem(rekey->text.data + all.from, all.to - all.from, "\r\n", 2) ? "\r\n" : "\n";
	for (size_t i = 0; i < rekey->n_entries; i++) {
		const struct rekey_entry *entry = &rekey->entries[i];
		const struct sops_node *old = entry->enc ? NULL : rekey_places_item(age, entry->old);

		if (out.size && out.data[out.size - 1] != '\n')
			growing_puts(&out, end);
		if (entry->enc)
			rekey_places_lines(&out, entry, first_dash, key, end);
		else if (old && rekey_places_block(rekey, old, &span, &dash))
			rekey_places_copy(rekey, &out, span.from, span.to);
	}
	rekey_edit(rekey, all.from, all.to, growing_bytes(&out));
	return 0;
}

/* The place in the text of an entry's number: digits behind the last "__list_" of the key in the line. */
static bool rekey_places_number(const struct rekey *rekey, const struct sops_node *value, struct rekey_places_span *ret_span)
{
	static const char mark[] = "__list_";
	size_t line = rekey_places_line(rekey, value->from ? value->from - 1 : 0), at = value->from;

	while (at >= line + strlen(mark) && memcmp(rekey->text.data + at - strlen(mark), mark, strlen(mark)) != 0)
		at--;
	if (at < line + strlen(mark))
		return false;
	ret_span->from = ret_span->to = at;
	while (ret_span->to < value->from && isdigit(rekey->text.data[ret_span->to]))
		ret_span->to++;
	return ret_span->to > ret_span->from;
}

/* A value of an entry in a line: newlines are \n in it, and what stood around it stays. */
static void rekey_places_flat_value(struct rekey *rekey, const struct sops_node *value, const char *text)
{
	struct growing out = {.pool = rekey->pool};
	size_t from = value->from, to = value->to;

	while (from < to && (rekey->text.data[from] == ' ' || rekey->text.data[from] == '\t'))
		from++;
	while (to > from && (rekey->text.data[to - 1] == '\n' || rekey->text.data[to - 1] == '\r'))
		to--;
	for (; *text; text++)
		growing_add(&out, *text == '\n' ? "\\n" : text, *text == '\n' ? 2 : 1);
	rekey_edit(rekey, from, to, growing_bytes(&out));
}

/* What a new line begins with: the key up to the number, as the first entry has it. */
static bool rekey_places_flat_new(struct rekey *rekey, const struct sops_node *like, const struct rekey_entry *entry,
				  size_t number, struct growing *out)
{
	const struct sops_node *value = sops_node_at(like, "enc");
	const char *equals = rekey->file->format == SOPS_INI ? " = " : "=";
	struct rekey_places_span span;
	size_t line;

	if (!value || !rekey_places_number(rekey, value, &span))
		return false;
	line = rekey_places_line(rekey, span.from);
	for (int i = 0; i < 2; i++) {
		rekey_places_copy(rekey, out, line, span.from);
		growing_puts(out, pool_printf(rekey->pool, "%zu__map_%s%s", number, i ? "recipient" : "enc", equals));
		for (const char *c = i ? entry->recipient : entry->enc; *c; c++)
			growing_add(out, *c == '\n' ? "\\n" : c, *c == '\n' ? 2 : 1);
		growing_puts(out, "\n");
	}
	return true;
}

/* One value of an entry: its line goes, or its number becomes another one. */
static bool rekey_places_flat_old(struct rekey *rekey, const struct sops_node *value, const struct rekey_entry *entry,
				  size_t number)
{
	struct rekey_places_span span;

	if (!rekey_places_number(rekey, value, &span))
		return false;
	if (!entry)
		rekey_edit(rekey, rekey_places_line(rekey, span.from),
			   value->to < rekey->text.size && rekey->file->format == SOPS_DOTENV ? value->to + 1 : value->to,
			   (struct bytes){.data = (const uint8_t *)"", .size = 0});
	else
		rekey_edit(rekey, span.from, span.to, rekey_places_bytes(pool_printf(rekey->pool, "%zu", number)));
	if (entry && entry->enc && strcmp(value->key, "enc") == 0)
		rekey_places_flat_value(rekey, value, entry->enc);
	return true;
}

/* The lines of dotenv and INI: those that stay get the numbers from zero, new ones stand behind the last. */
static int rekey_places_flat(struct rekey *rekey, const struct sops_node *age)
{
	struct growing added = {.pool = rekey->pool};
	size_t index = 0, end = 0, number = 0;

	for (const struct sops_node *item = age->first; item; item = item->next, index++) {
		const struct rekey_entry *entry = number < rekey->n_entries && rekey->entries[number].old == index ?
						  &rekey->entries[number] : NULL;

		for (const struct sops_node *value = item->first; value; value = value->next) {
			if (!rekey_places_flat_old(rekey, value, entry, number))
				return rekey_places_cannot(rekey, age);
			end = value->to > end ? value->to : end;
		}
		number += entry != NULL;
	}
	if (end < rekey->text.size && rekey->file->format == SOPS_DOTENV)
		end++;
	if (end && rekey->text.data[end - 1] != '\n')
		growing_puts(&added, "\n");
	for (; number < rekey->n_entries; number++) {
		if (!rekey_places_flat_new(rekey, age->first, &rekey->entries[number], number, &added))
			return rekey_places_cannot(rekey, age);
	}
	if (added.size > 1)
		rekey_edit(rekey, end, end, growing_bytes(&added));
	return 0;
}

int rekey_places(struct rekey *rekey, const struct sops_node *age)
{
	if (rekey->file->format == SOPS_DOTENV || rekey->file->format == SOPS_INI)
		return rekey_places_flat(rekey, age);
	return age->brackets ? rekey_places_brackets(rekey, age) : rekey_places_blocks(rekey, age);
}
