/* Encrypted volumes: how they are written. */
#include "recipe/words/disks.h"

static const struct rule pcr_rule = {"the number of a register of the TPM, 0 to 23", "[0-9]|1[0-9]|2[0-3]"};
static const struct rule disk_rule = {"the name of a disk with 'role: key'", "[a-z0-9][a-z0-9-]{0,62}"};
static const struct schema schema_name = {VALUE_TEXT, .rule = &disks_name_rule};
static const struct schema schema_key_disk = {VALUE_TEXT, .rule = &disk_rule};
static const struct schema schema_secret = {VALUE_TEXT, .rule = &word_rule_secret};
static const struct schema schema_pcrs = {VALUE_WORDS, .rule = &pcr_rule};

/* --- by the TPM ------------------------------------------------------------------------------------------------------ */

static const struct field tpm2_fields[] = {
	{"pcrs", &schema_pcrs, 0, WORD_OF(recipe_luks, pcrs), 0,
	 "registers of the TPM that have to be as they were on the first boot (none)"},
	WORD_END,
};
static const struct schema schema_tpm2_record = {VALUE_RECORD, .fields = tpm2_fields};

static int disks_luks_decode_tpm2(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_luks *luks = out;

	if (node->type == NODE_SCALAR)
		return decode(decoder, &word_bool, node, path, &luks->tpm2);
	luks->tpm2 = true;
	return decode(decoder, &schema_tpm2_record, node, path, luks);
}

static const struct schema schema_tpm2 = {VALUE_RECORD, .fields = tpm2_fields, .or_bool = true,
					  .decode = disks_luks_decode_tpm2};

/* --- settings -------------------------------------------------------------------------------------------------------- */

#define KEY_HINT "write 'keyFile: /var/…' or 'keyDisk: DISK' beside 'type: luks': the machine makes the key itself"
#define RECOVERY_HINT "'recoveryKey: true' beside 'type: luks' is the second way in"

static const struct schema_refusal settings_refused[] = {
	{"keyFile", KEY_HINT}, {"keyFileSize", KEY_HINT}, {"keyFileOffset", KEY_HINT}, {"keyFileTimeout", KEY_HINT},
	{"fallbackToPassword", RECOVERY_HINT}, {"fido2", "write 'tpm2: true' or 'keyDisk: DISK' beside 'type: luks'"},
	{"crypttabExtraOpts", "write 'tpm2', 'allowDiscards' or 'extraOpenArgs': /etc/crypttab is not used"},
	{0},
};
static const struct field settings_fields[] = {
	{"allowDiscards", &word_bool, 0, WORD_OF(recipe_luks, allow_discards), 0,
	 "what is freed is free on the storage, too, which then shows what is in use (false)"},
	{"bypassWorkqueues", &word_bool, 0, WORD_OF(recipe_luks, bypass_workqueues), 0,
	 "encrypt where the request comes from: faster on fast disks (false)"},
	WORD_END,
};
static const struct schema schema_settings = {VALUE_RECORD, .fields = settings_fields, .refused = settings_refused};

/* --- the volume ------------------------------------------------------------------------------------------------------ */

static const struct schema_refusal luks_refused[] = {
	{"passwordFile", "a password in a file is no secret to the image: write 'secret: NAME' of a declared secret, or "
			 "'tpm2: true'"},
	{"askPassword", "write 'console: true': it is typed at each boot"},
	{"additionalKeyFiles", "write 'recoveryKey: true', which is the second way in"},
	{"enrollFido2", "write 'tpm2: true' or 'keyDisk: DISK': nobody touches a token at a hypervisor"},
	{"extraFido2EnrollArgs", "write 'tpm2: true' or 'keyDisk: DISK': nobody touches a token at a hypervisor"},
	{"enrollRecovery", "write 'recoveryKey: true', which is so without the word, too"},
	DISKS_HOOKS,
	{0},
};
static const char *const luks_choices[] = {"luks", NULL};
static const struct schema schema_luks_type = {VALUE_TEXT, .choices = luks_choices};
static const struct field luks_fields[] = {
	{"type", &schema_luks_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "what the device holds"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"initrdUnlock", &word_bool, FIELD_IGNORED, 0, 0,
	 "ignored; accepted for compatibility with disko: what /var needs is opened first"},
	{"name", &schema_name, FIELD_REQUIRED, WORD_OF(recipe_content, name), 0, "its name below /dev/mapper"},
	{"keyFile", &word_image_path, 0, WORD_OF(recipe_content, luks.key_file), 0,
	 "unlocked by this file below /var, which is made on the first boot"},
	{"keyDisk", &schema_key_disk, 0, WORD_OF(recipe_content, luks.key_disk), 0,
	 "unlocked by the key on this disk, which has `role: key`"},
	{"tpm2", &schema_tpm2, 0, WORD_OF(recipe_content, luks), 0, "unlocked by the TPM"},
	{"secret", &schema_secret, 0, WORD_OF(recipe_content, luks.secret), 0,
	 "unlocked by the value of this secret, which is bound on the first boot"},
	{"console", &word_bool, 0, WORD_OF(recipe_content, luks.console), 0, "unlocked by what somebody types at each boot"},
	{"recoveryKey", &word_bool, 0, WORD_OF(recipe_content, luks.recovery_key), 0,
	 "make a recovery key on the first boot, too (true)"},
	{"settings", &schema_settings, 0, WORD_OF(recipe_content, luks), 0, "how it is used"},
	{"extraFormatArgs", &word_plain_list, 0, WORD_OF(recipe_content, luks.format_args), 0,
	 "further arguments of `cryptsetup luksFormat`"},
	{"extraOpenArgs", &word_plain_list, 0, WORD_OF(recipe_content, luks.open_args), 0,
	 "further arguments of `cryptsetup open`"},
	{"content", &disks_luks_holds, FIELD_REQUIRED, WORD_OF(recipe_content, inner), 0, "what is in it"},
	WORD_END,
};
const struct schema disks_luks = {VALUE_RECORD, .fields = luks_fields, .refused = luks_refused};
