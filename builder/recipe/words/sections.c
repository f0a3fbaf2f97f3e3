/* Sections of systemd-style files: which ones a file has, which of them it may have more than once, and the keys of which
 * the last assignment alone counts (systemd.directives(7), podman-systemd.unit(5)). Whether there is such a key at all is
 * asked of the programs in the image, which know their own version. */
#include <string.h>

#include "recipe/words/words.h"

#define UNIT "Unit", "Install"
#define QUADLET "Unit", "Service", "Install", "Quadlet"

/* The sections of a file, by how its name ends; the first one is its own. */
static const struct kind {
	const char *suffix;
	const char *sections[6];
} unit_kinds[] = {
	{".service", {"Service", UNIT}}, {".socket", {"Socket", UNIT}}, {".mount", {"Mount", UNIT}},
	{".automount", {"Automount", UNIT}}, {".swap", {"Swap", UNIT}}, {".target", {"Unit", "Install"}},
	{".path", {"Path", UNIT}}, {".timer", {"Timer", UNIT}}, {".slice", {"Slice", UNIT}},
	{".device", {"Unit", "Install"}}, {0},
}, quadlet_kinds[] = {
	{".container", {"Container", QUADLET}}, {".volume", {"Volume", QUADLET}}, {".network", {"Network", QUADLET}},
	{".pod", {"Pod", QUADLET}}, {".image", {"Image", QUADLET}}, {".kube", {"Kube", QUADLET}},
	{".build", {"Build", QUADLET}}, {0},
};

const char *const word_unit_sections[] = {"Unit", "Service", "Socket", "Mount", "Automount", "Swap", "Path", "Timer", "Slice",
					  "Install", NULL};
const char *const word_quadlet_sections[] = {"Container", "Volume", "Network", "Pod", "Image", "Kube", "Build", QUADLET, NULL};

/* systemd.network(5). The first NETWORK_ONCE are there once; the others describe one thing each, and may come again. */
enum { NETWORK_ONCE = 13 };
const char *const word_network_sections[] = {
	"Match", "Link", "Network", "DHCPv4", "DHCPv6", "DHCPPrefixDelegation", "IPv6AcceptRA", "DHCPServer", "IPv6SendRA",
	"Bridge", "LLDP", "CAN", "IPoIB",
	"Address", "Neighbor", "IPv6AddressLabel", "RoutingPolicyRule", "NextHop", "Route", "DHCPServerStaticLease",
	"IPv6Prefix", "IPv6RoutePrefix", "IPv6PREF64Prefix", "BridgeFDB", "BridgeMDB", "BridgeVLAN", "SR-IOV", "QDisc",
	"NetworkEmulator", "TokenBucketFilter", "PIE", "FlowQueuePIE", "StochasticFairBlue", "StochasticFairnessQueueing",
	"BFIFO", "PFIFO",
	"PFIFOHeadDrop", "PFIFOFast", "CAKE", "ControlledDelay", "DeficitRoundRobinScheduler",
	"DeficitRoundRobinSchedulerClass", "EnhancedTransmissionSelection", "GenericRandomEarlyDetection",
	"FairQueueingControlledDelay", "FairQueueing", "TrivialLinkEqualizer", "HierarchyTokenBucket",
	"HierarchyTokenBucketClass", "ClassfulMultiQueueing", "BandMultiQueueing", "HeavyHitterFilter", "QuickFairQueueing",
	"QuickFairQueueingClass", NULL,
};

/* --- keys that take one value ----------------------------------------------------------------------------------------
 *
 * Held against what Debian 12 and 13 have (systemd 252 and 257): the keys are those of `systemd --dump-configuration-items`
 * and those that systemd-networkd has texts of. Which of them add up is in systemd.unit(5), systemd.exec(5),
 * systemd.resource-control(5), …, systemd.network(5) ("may be specified more than once"), and in the parsers that systemd's
 * load-fragment-gperf.gperf names. Of Quadlet it is what podman's generator looks up once (5.4 and later). A few keys are
 * newer. What is in no table may have several values: nothing is said of it. */

/* Of what runs processes: services, sockets, mounts, swaps; most of it of slices too. */
#define EXEC \
	" User Group WorkingDirectory RootDirectory RootImage RootVerity RootEphemeral Nice OOMScoreAdjust IOSchedulingClass" \
	" IOSchedulingPriority CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork UMask DynamicUser RemoveIPC" \
	" StandardInput StandardOutput StandardError TTYPath TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns" \
	" SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix LogLevelMax LogRateLimitIntervalSec LogRateLimitBurst" \
	" LogNamespace TimerSlackNSec NoNewPrivileges SystemCallErrorNumber MemoryDenyWriteExecute RestrictRealtime" \
	" RestrictSUIDSGID LockPersonality PrivateDevices PrivateMounts PrivateTmp PrivateUsers PrivateNetwork PrivateIPC" \
	" PrivatePIDs ProtectSystem ProtectHome ProtectProc ProcSubset ProtectKernelTunables ProtectKernelModules" \
	" ProtectKernelLogs ProtectClock ProtectControlGroups ProtectHostname Personality RuntimeDirectoryMode" \
	" RuntimeDirectoryPreserve StateDirectoryMode CacheDirectoryMode LogsDirectoryMode ConfigurationDirectoryMode" \
	" TimeoutCleanSec PAMName IgnoreSIGPIPE UtmpIdentifier UtmpMode SELinuxContext AppArmorProfile SmackProcessLabel" \
	" KeyringMode NetworkNamespacePath IPCNamespacePath MountAPIVFS SendSIGKILL SendSIGHUP KillMode KillSignal" \
	" RestartKillSignal FinalKillSignal WatchdogSignal LimitAS LimitCORE LimitCPU LimitDATA LimitFSIZE LimitLOCKS" \
	" LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING" \
	" LimitSTACK RootHash RootHashSignature RootImagePolicy MountImagePolicy ExtensionImagePolicy SetLoginEnvironment" \
	" NUMAPolicy MountFlags BindLogSockets MemoryKSM" CONTROL
#define CONTROL \
	" Slice CPUAccounting CPUWeight StartupCPUWeight CPUShares StartupCPUShares CPUQuota CPUQuotaPeriodSec" \
	" MemoryAccounting MemoryMin MemoryLow MemoryHigh MemoryMax MemorySwapMax MemoryZSwapMax" \
	" MemoryZSwapWriteback MemoryLimit DevicePolicy IOAccounting IOWeight StartupIOWeight BlockIOAccounting BlockIOWeight" \
	" StartupBlockIOWeight TasksAccounting TasksMax IPAccounting ManagedOOMSwap ManagedOOMMemoryPressure" \
	" ManagedOOMMemoryPressureLimit ManagedOOMPreference MemoryPressureWatch MemoryPressureThresholdSec CoredumpReceive" \
	" DefaultMemoryMin DefaultMemoryLow DefaultStartupMemoryLow StartupMemoryLow StartupMemoryHigh StartupMemoryMax" \
	" StartupMemorySwapMax StartupMemoryZSwapMax ManagedOOMMemoryPressureDurationSec DelegateSubgroup"
#define LIMITS " StartLimitInterval StartLimitBurst StartLimitAction"
#define TRIGGERS " TriggerLimitIntervalSec TriggerLimitBurst"

static const struct single {
	const char *section, *keys;
} unit_singles[] = {
	{"Unit",
		" Description SourcePath StopWhenUnneeded RefuseManualStart RefuseManualStop AllowIsolate"
		" DefaultDependencies SurviveFinalKillSignal OnSuccessJobMode OnFailureJobMode OnFailureIsolate"
		" IgnoreOnIsolate JobTimeoutSec JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument"
		" FailureAction SuccessAction CollectMode FailureActionExitStatus SuccessActionExitStatus"
		" RebootArgument StartLimitIntervalSec" LIMITS " "},
	{"Service",
		" Type ExitType Restart RestartMode RestartSec RestartSteps RestartMaxDelaySec TimeoutSec"
		" TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutStartFailureMode TimeoutStopFailureMode"
		" RuntimeMaxSec RuntimeRandomizedExtraSec WatchdogSec FailureAction RebootArgument"
		" PermissionsStartOnly PIDFile BusName RootDirectoryStartOnly RemainAfterExit GuessMainPID"
		" NonBlocking FileDescriptorStoreMax FileDescriptorStorePreserve NotifyAccess ReloadSignal"
		" OOMPolicy USBFunctionDescriptors USBFunctionStrings" LIMITS EXEC " "},
	{"Socket",
		" SocketProtocol BindIPv6Only Backlog BindToDevice SocketUser SocketGroup SocketMode DirectoryMode"
		" Accept FlushPending Writable MaxConnections MaxConnectionsPerSource KeepAlive KeepAliveTimeSec"
		" KeepAliveIntervalSec KeepAliveProbes DeferAcceptSec NoDelay Priority ReceiveBuffer SendBuffer"
		" IPTOS IPTTL Mark PipeSize FreeBind Transparent Broadcast PassCredentials"
		" PassFileDescriptorsToExec PassSecurity PassPacketInfo Timestamping TCPCongestion ReusePort"
		" MessageQueueMaxMessages MessageQueueMessageSize RemoveOnStop Service SmackLabel"
		" SmackLabelIPIn SmackLabelIPOut SELinuxContextFromNet FileDescriptorName PollLimitIntervalSec"
		" PollLimitBurst TimeoutSec" TRIGGERS EXEC " "},
	{"Mount",
		" What Where Options Type DirectoryMode SloppyOptions LazyUnmount ForceUnmount ReadWriteOnly"
		" TimeoutSec" EXEC " "},
	{"Automount", " Where ExtraOptions DirectoryMode TimeoutIdleSec "},
	{"Swap", " What Options Priority TimeoutSec" EXEC " "},
	{"Timer",
		" OnClockChange OnTimezoneChange Persistent WakeSystem RemainAfterElapse FixedRandomDelay"
		" DeferReactivation AccuracySec RandomizedDelaySec RandomizedOffsetSec Unit "},
	{"Path", " Unit MakeDirectory DirectoryMode" TRIGGERS " "},
	{"Slice", CONTROL " "},
	{"Install", " DefaultInstance "},
	{0},
}, quadlet_singles[] = {
	{"Container",
		" Image ContainerName Pod User Group UserNS Pull HostName Timezone WorkingDir Notify ReadOnly"
		" ReadOnlyTmpfs RunInit NoNewPrivileges Entrypoint Exec StopTimeout StopSignal HealthCmd"
		" HealthInterval HealthRetries HealthTimeout HealthStartPeriod HealthOnFailure HealthStartupCmd"
		" HealthStartupInterval HealthStartupRetries HealthStartupSuccess HealthStartupTimeout IP IP6"
		" ShmSize AutoUpdate LogDriver Rootfs PidsLimit ServiceName StartWithPod CgroupsMode"
		" SeccompProfile EnvironmentHost Retry RetryDelay Memory HealthLogDestination HealthMaxLogCount"
		" HealthMaxLogSize SecurityLabelDisable SecurityLabelNested SecurityLabelType SecurityLabelFileType"
		" SecurityLabelLevel SubUIDMap SubGIDMap RemapUsers RemapUidSize VolatileTmp ReloadCmd ReloadSignal "},
	{"Volume", " VolumeName ServiceName Driver Device Type User Group Copy Image Options "},
	{"Network",
		" NetworkName ServiceName Driver DisableDNS Internal IPv6 IPAMDriver InterfaceName NetworkDeleteOnStop "},
	{"Pod", " PodName ServiceName IP IP6 HostName UserNS ShmSize ExitPolicy SubUIDMap SubGIDMap RemapUsers RemapUidSize "},
	{"Image",
		" Image ServiceName AllTags Arch OS Variant AuthFile CertDir Creds TLSVerify Policy ImageTag"
		" DecryptionKey Retry RetryDelay "},
	{"Kube",
		" ServiceName SetWorkingDirectory UserNS LogDriver ExitCodePropagation KubeDownForce SubUIDMap SubGIDMap"
		" RemapUsers RemapUidSize "},
	{"Build",
		" ServiceName SetWorkingDirectory File Target Arch Variant AuthFile ForceRM Pull TLSVerify Retry"
		" RetryDelay "},
	{"Quadlet", " DefaultDependencies "},
	{0},
}, quadlet_lists[] = { /* the other keys of podman's sections */
	{"Container",
		" AddCapability AddDevice AddHost Annotation ContainersConfModule DNS DNSOption DNSSearch DropCapability"
		" Environment EnvironmentFile ExposeHostPort GIDMap GlobalArgs GroupAdd Label LogOpt Mask Mount Network"
		" NetworkAlias PodmanArgs PublishPort Secret Sysctl Tmpfs UIDMap Ulimit Unmask Volume "},
	{"Volume", " ContainersConfModule GlobalArgs Label PodmanArgs "},
	{"Network", " ContainersConfModule DNS Gateway GlobalArgs IPRange Label Options PodmanArgs Subnet "},
	{"Pod",
		" AddHost ContainersConfModule DNS DNSOption DNSSearch GIDMap GlobalArgs Label Network NetworkAlias"
		" PodmanArgs PublishPort UIDMap Volume "},
	{"Image", " ContainersConfModule GlobalArgs PodmanArgs "},
	{"Kube",
		" AutoUpdate ConfigMap ContainersConfModule GIDMap GlobalArgs LogOpt Network PodmanArgs PublishPort UIDMap"
		" Yaml "},
	{"Build",
		" Annotation ContainersConfModule DNS DNSOption DNSSearch Environment GlobalArgs GroupAdd ImageTag Label"
		" Network PodmanArgs Secret Volume "},
	{0},
}, network_singles[] = {
	{"Network",
		" Description DHCP DHCPServer LinkLocalAddressing IPv6LinkLocalAddressGenerationMode"
		" IPv6StableSecretAddress IPv4LLStartAddress IPv4LLRoute DefaultRouteOnDevice LLMNR MulticastDNS"
		" DNSOverTLS DNSSEC DNSDefaultRoute UseDomains LLDP EmitLLDP IPv4Forwarding IPv6Forwarding"
		" IPForward IPMasquerade IPv6PrivacyExtensions IPv6AcceptRA IPv6DuplicateAddressDetection"
		" IPv6HopLimit IPv4AcceptLocal IPv4RouteLocalnet IPv4ProxyARP IPv6ProxyNDP IPv6SendRA"
		" DHCPPrefixDelegation IPv6MTUBytes IPv4ReversePathFilter Bridge Bond VRF BatmanAdvanced"
		" ActiveSlave PrimarySlave ConfigureWithoutCarrier IgnoreCarrierLoss KeepConfiguration KeepMaster"
		" IPv6RetransmissionTimeSec IPv4ProxyARPPrivateVLAN ProxyARP IPv6AcceptRouterAdvertisements "},
	{"DHCPv4",
		" ClientIdentifier VendorClassIdentifier MUDURL DUIDType DUIDRawData IAID Label RapidCommit"
		" Anonymize UseDNS RoutesToDNS UseNTP RoutesToNTP UseSIP UseMTU SendHostname Hostname UseHostname"
		" UseDomains UseRoutes RouteMetric RouteTable RouteMTUBytes QuickAck UseGateway UseTimezone Use6RD"
		" FallbackLeaseLifetimeSec RequestBroadcast MaxAttempts ListenPort ServerPort SendRelease"
		" SendDecline RequestAddress IPServiceType SocketPriority IPv6OnlyMode InitialCongestionWindow"
		" InitialAdvertisedReceiveWindow NetLabel UseCaptivePortal UseDNR UnassignedSubnetPolicy "},
	{"DHCPv6",
		" MUDURL DUIDType DUIDRawData IAID RapidCommit SendHostname Hostname UseAddress UseDelegatedPrefix"
		" UseDNS UseNTP UseHostname UseDomains PrefixDelegationHint WithoutRA SendRelease NetLabel"
		" UnassignedSubnetPolicy UseCaptivePortal UseDNR "},
	{"IPv6AcceptRA",
		" UseDNS UseDomains RouteTable RouteMetric UseGateway UseRoutePrefix UseMTU UseHopLimit"
		" UseAutonomousPrefix UseOnLinkPrefix DHCPv6Client NetLabel QuickAck UseCaptivePortal UseDNR"
		" UseICMP6RateLimit UsePREF64 UseReachableTime UseRedirect UseRetransmissionTime "},
	{"DHCPServer",
		" ServerAddress PoolOffset PoolSize DefaultLeaseTimeSec MaxLeaseTimeSec UplinkInterface EmitDNS"
		" EmitNTP EmitSIP EmitPOP3 EmitSMTP EmitLPR EmitRouter Router EmitTimezone Timezone"
		" BootServerAddress BootServerName BootFilename BindToInterface RelayTarget RapidCommit"
		" PersistLeases IPv6OnlyPreferredSec RelayAgentCircuitId RelayAgentRemoteId "},
	{"IPv6SendRA",
		" Managed OtherInformation RouterLifetimeSec RouterPreference HopLimit UplinkInterface EmitDNS"
		" EmitDomains DNSLifetimeSec HomeAgent HomeAgentLifetimeSec HomeAgentPreference ReachableTimeSec"
		" RetransmitSec "},
	{0},
}, network_lists[] = { /* the sections of which all keys but these take one value */
	{"Link", ""}, {"Address", " NFTSet "}, {"Neighbor", ""}, {"IPv6AddressLabel", ""},
	{"RoutingPolicyRule", ""}, {"NextHop", " Group "}, {"Route", " MultiPathRoute "}, {"DHCPServerStaticLease", ""},
	{"IPv6Prefix", " Token "}, {"IPv6RoutePrefix", ""}, {"IPv6PREF64Prefix", ""}, {"Bridge", ""}, {"BridgeFDB", ""},
	{"BridgeMDB", ""}, {"BridgeVLAN", " VLAN EgressUntagged "}, {"SR-IOV", ""},
	{"DHCPPrefixDelegation", " Token NFTSet "}, {"LLDP", ""}, {"CAN", ""}, {"IPoIB", ""}, {0},
};

static const char *words_sections_find(const struct single *singles, const char *section)
{
	while (singles->section && strcmp(singles->section, section) != 0)
		singles++;
	return singles->keys;
}

/* Whether `keys`, words with a space on either side, has `key`. */
static bool words_sections_has(struct arena *arena, const char *keys, const char *key)
{
	return keys && strstr(keys, arena_printf(arena, " %s ", key));
}

struct strv recipe_quadlet_keys(struct arena *arena, const char *section)
{
	const char *const lists[] = {words_sections_find(quadlet_singles, section),
				     words_sections_find(quadlet_lists, section)};
	struct strv keys = {0};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		char *rest = lists[i] ? arena_strdup(arena, lists[i]) : NULL, *key;

		while ((key = strsep(&rest, " ")))
			if (*key)
				strv_push(arena, &keys, key);
	}
	return keys;
}

static bool words_sections_takes_one(struct arena *arena, enum word_file file, const char *section, const char *key)
{
	const char *lists = file == WORD_NETWORK ? words_sections_find(network_lists, section) : NULL;

	if (lists)
		return !words_sections_has(arena, lists, key);
	if (file == WORD_NETWORK)
		return words_sections_has(arena, words_sections_find(network_singles, section), key);
	return words_sections_has(arena, words_sections_find(unit_singles, section), key) ||
	       (file == WORD_QUADLET && words_sections_has(arena, words_sections_find(quadlet_singles, section), key));
}

/* --- the checks ------------------------------------------------------------------------------------------------------ */

/* What belongs to other programs, and systemd passes over (systemd.syntax(7)). */
static bool words_sections_is_foreign(const char *name)
{
	return text_has_prefix(name, "X-");
}

static const char *const *words_sections_known(enum word_file file, const char *name)
{
	const struct kind *kind = file == WORD_UNIT ? unit_kinds : quadlet_kinds;

	if (file == WORD_NETWORK)
		return word_network_sections;
	while (kind->suffix && !text_has_suffix(name, kind->suffix))
		kind++;
	return kind->sections;
}

static bool words_sections_may_repeat(enum word_file file, const char *section)
{
	for (size_t i = NETWORK_ONCE; file == WORD_NETWORK && word_network_sections[i]; i++)
		if (strcmp(word_network_sections[i], section) == 0)
			return true;
	return false;
}

static void words_sections_check_section(struct decoder *decoder, enum word_file file, const char *name,
					 const struct recipe_setting *setting, const char *path)
{
	const char *const *known = words_sections_known(file, name);
	const char *all = "";
	size_t n;

	for (n = 0; known[n]; n++) {
		if (strcmp(known[n], setting->section) == 0)
			return;
		all = arena_printf(decoder->arena, "%s%s'%s'", all, n ? ", " : "", known[n]);
	}
	problem_unknown(decoder, &setting->section_pos, path, "section", setting->section, known, n);
	if (file != WORD_NETWORK && !text_nearest(setting->section, known, n))
		err_hint(decoder->err, "'%s' can have %s", name, all);
}

/* The assignments before an empty one are forgotten. */
static bool words_sections_counts(const struct recipe_settings *settings, size_t i)
{
	const struct recipe_setting *setting = &settings->items[i];

	for (size_t j = i; j < settings->count; j++)
		if (!*settings->items[j].value && settings->items[j].nth == setting->nth &&
		    strcmp(settings->items[j].key, setting->key) == 0 &&
		    strcmp(settings->items[j].section, setting->section) == 0)
			return false;
	return true;
}

/* Whether setting `i` is the second value of a key that has one. */
static bool words_sections_is_second(const struct recipe_settings *settings, size_t i)
{
	const struct recipe_setting *setting = &settings->items[i];
	size_t before = 0;

	for (size_t j = 0; j < i; j++)
		before += settings->items[j].nth == setting->nth && strcmp(settings->items[j].key, setting->key) == 0 &&
			  strcmp(settings->items[j].section, setting->section) == 0 && words_sections_counts(settings, j);
	return before == 1 && words_sections_counts(settings, i);
}

static void words_sections_check_single(struct decoder *decoder, enum word_file file, const struct recipe_settings *settings,
					size_t i, const char *path)
{
	const struct recipe_setting *setting = &settings->items[i];

	if (!words_sections_is_second(settings, i) ||
	    !words_sections_takes_one(decoder->arena, file, setting->section, setting->key))
		return;
	err_at(decoder->err, -EINVAL, &setting->pos, problem_path(decoder->arena, path, setting->key),
	       "'%s' takes one value: of several, only the last would count", setting->key);
	if (words_sections_may_repeat(file, setting->section))
		err_hint(decoder->err, "write one section for each, as a list: %s: [{ %s: … }, { %s: … }]", setting->section,
			 setting->key, setting->key);
	else
		err_hint(decoder->err, "write one value; '!replace' before it forgets what other files said");
}

void word_check_sections(struct decoder *decoder, enum word_file file, const char *name,
			 const struct recipe_settings *settings, const char *path)
{
	const char *said = NULL;

	for (size_t i = 0; i < settings->count; i++) {
		const struct recipe_setting *setting = &settings->items[i];
		const char *section_path = problem_path(decoder->arena, path, setting->section);

		words_sections_check_single(decoder, file, settings, i, section_path);
		if (words_sections_is_foreign(setting->section) || (said && strcmp(said, setting->section) == 0))
			continue;
		said = setting->section;
		words_sections_check_section(decoder, file, name, setting, section_path);
	}
	for (size_t i = 0; i < settings->count; i++) {
		const struct recipe_setting *setting = &settings->items[i];

		if (setting->nth != 1 || words_sections_may_repeat(file, setting->section))
			continue;
		err_at(decoder->err, -EINVAL, &setting->section_pos, problem_path(decoder->arena, path, setting->section),
		       "the section '%s' cannot come more than once", setting->section);
		err_hint(decoder->err, "write all its keys into one map; a key with several values has a list");
		break;
	}
}
