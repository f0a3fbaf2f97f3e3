/* What words of several topics look like. */
#include "recipe/words/words.h"

const struct rule word_rule_name = {"a name of lower-case letters, digits and dashes", "[a-z0-9][a-z0-9-]{0,62}"};
/* utmp(5) has room for 32 bytes. Debian's own accounts of services may begin with a capital. */
const struct rule word_rule_account = {
	"the name of a user or group: a-z, 0-9, '_' and '-', at most 31, no digit or '-' first",
	"[a-z_][a-z0-9_-]{0,30}|Debian-[a-z0-9_-]{1,24}",
};
const struct rule word_rule_owner = {
	"the name or number of a user or group",
	"[a-z_][a-z0-9_-]{0,30}|Debian-[a-z0-9_-]{1,24}|0|[1-9][0-9]{0,8}",
};
const struct rule word_rule_path = {"an absolute path in the image, without '.', '..' or '//'", "(/" WORD_PATH_PART ")+"};
const struct rule word_rule_line = {"text of one line", "[^[:cntrl:]]*"};
const struct rule word_rule_word = {"a word without spaces", "[^[:cntrl:][:space:]]+"};
const struct rule word_rule_url = {"a URL: http://…, https://… or file:///…", "(https?://|file:///)[^[:cntrl:][:space:]]+"};
const struct rule word_rule_unit = {"the name of a systemd unit, like foo.service",
				      "([A-Za-z0-9:_.@-]|\\\\x[0-9a-f]{2})+"
				      "\\.(service|socket|mount|automount|swap|target|path|timer|slice|device)"};
const struct rule word_rule_duration = {"a duration like 15s or 2m", "[0-9]+(ms|s|m|h|d)?"};

const struct schema word_any = {.type = VALUE_ANY};
const struct schema word_text = {.type = VALUE_TEXT};
const struct schema word_line = {VALUE_TEXT, .rule = &word_rule_line};
const struct schema word_list = {VALUE_WORDS, .rule = &word_rule_line};
const struct schema word_bool = {.type = VALUE_BOOL};
const struct schema word_tristate = {.type = VALUE_TRISTATE};
const struct schema word_mode = {.type = VALUE_MODE};
const struct schema word_file = {.type = VALUE_FILE};
const struct schema word_url = {VALUE_TEXT, .rule = &word_rule_url};
const struct schema word_urls = {VALUE_WORDS, .rule = &word_rule_url};
const struct schema word_account = {VALUE_TEXT, .rule = &word_rule_account};
const struct schema word_owner = {VALUE_TEXT, .rule = &word_rule_owner};
const struct schema word_image_path = {VALUE_TEXT, .rule = &word_rule_path};
const struct schema word_image_paths = {VALUE_WORDS, .rule = &word_rule_path};
const struct schema word_plain_list = {VALUE_WORDS, .rule = &word_rule_word};
const struct schema word_duration = {VALUE_TEXT, .rule = &word_rule_duration};

int word_check_program(struct decoder *decoder, const struct pos *pos, const char *path, const struct strv *command)
{
	if (command->count && command->items[0][0] == '/')
		return 0;
	return err_at(decoder->err, -EINVAL, pos, path, "the first word must be the absolute path of a program");
}
