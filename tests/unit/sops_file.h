/* A file of SOPS for a public test key, which no machine has: db (user, password), tokens (a list), host_unencrypted, port. */
#ifndef UNIT_SOPS_FILE_H
#define UNIT_SOPS_FILE_H

#define SOPS_FILE_RECIPIENT "age1hj6tkg5zx4h8mmkur66mvgv30ne8nw35msus9kfcekchwgspkqws2973tx"
#define SOPS_FILE_OTHER "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"

static const char SOPS_FILE[] =
	"db:\n"
	"    user: ENC[AES256_GCM,data:W6AzPRM=,iv:3v6nicV1f68fnNNFxIoOosY9urWUh0Gm/RrB88iJSB0=,tag:pfX/S+D"
	"WNoTcnpW1elfHqg==,type:str]\n"
	"    password: ENC[AES256_GCM,data:h+np9chmfvjmee+4Zg==,iv:icDzJUr1WeuGfnZf0yzLQuwrbSrDsz5z1mlae/11"
	"HLk=,tag:Wk16IKc47rQr5iplbdilRg==,type:str]\n"
	"tokens:\n"
	"    - ENC[AES256_GCM,data:CoS6,iv:ZPKTyKL/FKQgXLDlbP87uLbBe4UFadeBeP1MnMbQ0AE=,tag:9pn57w8EaQS0M/1"
	"dosGtfg==,type:str]\n"
	"    - ENC[AES256_GCM,data:ms3O,iv:KwGOOLZ0edEqpJLQTMfn4gWx3sdpodfKQJof3EPx4Rw=,tag:cvlHLjaaQkURlYv"
	"Y0V9j2w==,type:str]\n"
	"    - ENC[AES256_GCM,data:ds8Agv4=,iv:gywPoijXTqjrDnY7nXOPqEnv8MXpI9ijcLSMvAdepsg=,tag:uvb4hVbJk2n"
	"7P48Xuymvug==,type:str]\n"
	"host_unencrypted: db.example\n"
	"port: ENC[AES256_GCM,data:7/BzEw==,iv:HpWD/lgExkIZ5rj5rlpkaIVXzACu4N4TtS/xfz49iRg=,tag:mKP15Iabckt"
	"uUDBej41OFg==,type:int]\n"
	"sops:\n"
	"    age:\n"
	"        - recipient: age1hj6tkg5zx4h8mmkur66mvgv30ne8nw35msus9kfcekchwgspkqws2973tx\n"
	"          enc: |\n"
	"            -----BEGIN AGE ENCRYPTED FILE-----\n"
	"            YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSAzSk1PNG12eTFueTNtbmw2\n"
	"            ZFMwbWtTU0ljRW1ZNjV1andjR2hEc0NoUlFJClVjbzY3eTAvdlRsVVFRcy9hZ2lJ\n"
	"            REc5TkF3UDBYaU5UYm9GbldVRjF0L0UKLS0tIGFOTFE0ZTZSSDl5UGp4eFhBYXdo\n"
	"            Y0h2QWhiRHc1SzBSc1pNT2x6VnFPVlEK8iK7W2MZFVELplxmHGLpbDcFbSY6EOiD\n"
	"            OYp0Murue0toOLezMD1jhQqSb2qIGSKmwZ+/6EdK2A8ezvIHLhPBdg==\n"
	"            -----END AGE ENCRYPTED FILE-----\n"
	"    lastmodified: \"2026-08-26T10:00:00Z\"\n"
	"    mac: ENC[AES256_GCM,data:gn7Hw/UXPEfnrm3euiz2ypESqLLvd1maACigtVsWwwqJ4Ads/qkl9cpHRlkyXVqop9XTd"
	"vSHYR4Vn/wotPm2wS0C0K0gqDP4SkTYk7TwaxLkkU8mYIeM5VRqzM/lDY/NqwMn54WL3U3zPth4OeC37eYPMLhqwcH3EfYgBdO"
	"0+5s=,iv:rokrt0+wRjFwSBnkclwF6W8jgy85Pa+1A2xEJX8/5HA=,tag:9pBMtoQigOnJe542BV8KjQ==,type:str]\n"
	"    unencrypted_suffix: _unencrypted\n"
	"    version: 3.13.2\n";

#endif
