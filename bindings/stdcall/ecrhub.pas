{ ecrhub: card payments on a CodePay Register terminal, for Delphi and Free Pascal.

  Declarations for ecrhub_stdcall.dll (32 bit). What each function does, the configuration, the events and the outcomes
  are in ecrhub.h; the names, the order of the arguments and the meaning are the same there and here.

  TEXT. All text is UTF-8 and ends with a NUL, in both directions: pass PAnsiChar(UTF8Encode(Text)), and read what comes
  back with UTF8ToString, or UTF8Decode before Delphi 2009. Never pass a Unicode string's PChar.

  OWNERSHIP. The library hands out no memory, so there is nothing to free. Text comes back in the caller's buffer: Capacity
  is its size in bytes, OutLength becomes the text's length without its NUL. If it does not fit, the call returns
  ECRHUB_ERR_BUFFER_TOO_SMALL, nothing was consumed or sent, and OutLength says how long the text is. No pointer is kept
  after a call returns, but for the log callback until it is replaced. What ecrhub_version and ecrhub_status_name return is
  static: do not free or change it.

  RESULTS. 0: done. Above 0: nothing is wrong, but there is nothing to give. Below 0: refused, and nothing was changed;
  ecrhub_last_error tells this thread why.

  All functions may be called from any thread. ecrhub_poll, ecrhub_call and ecrhub_wait wait: use timeout 0, or another thread, or
  ecrhub_wait_handle where the screen must stay alive. Call nothing of it from DllMain or an initialization section. }

unit ecrhub;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}

interface

const
  ECRHUB_DLL = 'ecrhub_stdcall.dll';

  { What ecrhub_abi_version must return: ecrhub.h's ECRHUB_ABI_VERSION, which Pascal cannot tell from the function. }
  ECRHUB_ABI = 1;

  ECRHUB_OK = 0;
  ECRHUB_TIMEOUT = 1;
  ECRHUB_INTERRUPTED = 2;
  ECRHUB_OUTDATED = 3;
  ECRHUB_NOTHING = 4;
  ECRHUB_ERR_ARGUMENT = -1;
  ECRHUB_ERR_HANDLE = -2;
  ECRHUB_ERR_CONFIG = -3;
  ECRHUB_ERR_JSON = -4;
  ECRHUB_ERR_REQUEST = -5;
  ECRHUB_ERR_DUPLICATE = -6;
  ECRHUB_ERR_BUFFER_TOO_SMALL = -7;
  ECRHUB_ERR_BUSY = -8;
  ECRHUB_ERR_JOURNAL = -9;
  ECRHUB_ERR_FORKED = -10;
  ECRHUB_ERR_UNSUPPORTED = -11;
  ECRHUB_ERR_INTERNAL = -12;
  ECRHUB_ERR_TERMINAL = -13;

  ECRHUB_LOG_OFF = 0;
  ECRHUB_LOG_ERROR = 1;
  ECRHUB_LOG_WARN = 2;
  ECRHUB_LOG_INFO = 3;
  ECRHUB_LOG_DEBUG = 4;
  ECRHUB_LOG_TRACE = 5;

type
  { An id, never an address; it needs all of its 64 bits. 0 is never valid. }
  TEcrhubHandle = Int64;
  { size_t of the 32-bit library. }
  TEcrhubSize = LongWord;
  PEcrhubSize = ^TEcrhubSize;

  { Called from any thread, several at the same time: hand Message on to the main thread as a copy, at once. }
  TEcrhubLog = procedure(Level: LongInt; Message: PAnsiChar; UserData: Pointer); stdcall;

function ecrhub_abi_version: LongWord; stdcall; external ECRHUB_DLL;
function ecrhub_version: PAnsiChar; stdcall; external ECRHUB_DLL;
function ecrhub_status_name(Status: LongInt): PAnsiChar; stdcall; external ECRHUB_DLL;
function ecrhub_last_error(Buffer: PAnsiChar; Capacity: TEcrhubSize; OutLength: PEcrhubSize): LongInt;
  stdcall; external ECRHUB_DLL;

function ecrhub_connect(ConfigJson: PAnsiChar; var OutHandle: TEcrhubHandle): LongInt; stdcall; external ECRHUB_DLL;
function ecrhub_disconnect(Handle: TEcrhubHandle): LongInt; stdcall; external ECRHUB_DLL;
function ecrhub_shutdown: LongInt; stdcall; external ECRHUB_DLL;

function ecrhub_send(Handle: TEcrhubHandle; RequestJson: PAnsiChar; TimeoutMs: LongInt; RequestId: PAnsiChar;
  Capacity: TEcrhubSize; OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;
function ecrhub_poll(Handle: TEcrhubHandle; TimeoutMs: LongInt; EventJson: PAnsiChar; Capacity: TEcrhubSize;
  OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;
function ecrhub_call(Handle: TEcrhubHandle; RequestJson: PAnsiChar; TimeoutMs: LongInt; EventJson: PAnsiChar;
  Capacity: TEcrhubSize; OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;
{ Like ecrhub_send, for a till that waits for this one request: its completion is read with ecrhub_wait. }
function ecrhub_start(Handle: TEcrhubHandle; RequestJson: PAnsiChar; TimeoutMs: LongInt; RequestId: PAnsiChar;
  Capacity: TEcrhubSize; OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;
{ With TimeoutMs 0 from a timer: ECRHUB_TIMEOUT while the request is in flight. Reading does not consume. }
function ecrhub_wait(Handle: TEcrhubHandle; RequestId: PAnsiChar; TimeoutMs: LongInt; EventJson: PAnsiChar;
  Capacity: TEcrhubSize; OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;
function ecrhub_wake(Handle: TEcrhubHandle): LongInt; stdcall; external ECRHUB_DLL;
{ Always refused on Windows, with ECRHUB_ERR_UNSUPPORTED: ecrhub_wait_handle takes its place. }
function ecrhub_wait_fd(Handle: TEcrhubHandle; var OutFd: LongInt): LongInt; stdcall; external ECRHUB_DLL;
{ An event object (THandle) for MsgWaitForMultipleObjects. The library's own: only wait for it, never close it. }
function ecrhub_wait_handle(Handle: TEcrhubHandle; var OutHandle: Pointer): LongInt; stdcall; external ECRHUB_DLL;

function ecrhub_state(Handle: TEcrhubHandle; StateJson: PAnsiChar; Capacity: TEcrhubSize; OutLength: PEcrhubSize): LongInt;
  stdcall; external ECRHUB_DLL;
function ecrhub_pending(Handle: TEcrhubHandle; RequestsJson: PAnsiChar; Capacity: TEcrhubSize;
  OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;
function ecrhub_acknowledge(Handle: TEcrhubHandle; RequestId, Outcome: PAnsiChar): LongInt;
  stdcall; external ECRHUB_DLL;
{ Note may be nil. }
function ecrhub_resolve(Handle: TEcrhubHandle; RequestId, Outcome, Note: PAnsiChar): LongInt;
  stdcall; external ECRHUB_DLL;

{ One value of a JSON text. Buffer must not be Json's own. }
function ecrhub_json_get(Json, Path: PAnsiChar; Buffer: PAnsiChar; Capacity: TEcrhubSize;
  OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;
{ Json may be nil for an empty object, Value nil to remove; Buffer may be Json's own. }
function ecrhub_json_set(Json, Path, Value: PAnsiChar; Buffer: PAnsiChar; Capacity: TEcrhubSize;
  OutLength: PEcrhubSize): LongInt; stdcall; external ECRHUB_DLL;

{ nil ends it. }
function ecrhub_set_log(Callback: TEcrhubLog; UserData: Pointer; MaxLevel: LongInt): LongInt;
  stdcall; external ECRHUB_DLL;

implementation

end.
