Attribute VB_Name = "ecrhub"
' ecrhub: card payments on a CodePay Register terminal, for Visual Basic 6 and 32-bit VBA.
'
' Declarations for ecrhub_stdcall.dll (32 bit). What each function does, the configuration, the events and the outcomes are
' in ecrhub.h; the names, the order of the arguments and the meaning are the same there and here.
'
' TEXT. All text is UTF-8 and ends with a NUL, in both directions. A String argument would be turned into the system's code
' page, so every text is declared as an address: pass VarPtr(bytes(0)) of a Byte array that EcrhubBytes made, and read
' what comes back with EcrhubText.
'
'     Dim config() As Byte, terminal As Currency
'     config = EcrhubBytes("ws://192.168.1.20:35779")
'     If ecrhub_connect(VarPtr(config(0)), terminal) <> ECRHUB_OK Then MsgBox EcrhubWhy()
'
' OWNERSHIP. The library hands out no memory, so there is nothing to free. Text comes back in the caller's Byte array:
' capacity is its size, outLength becomes the text's length without its NUL. If it does not fit, the call returns
' ECRHUB_ERR_BUFFER_TOO_SMALL, nothing was consumed or sent, and outLength says how long the text is. No pointer is kept
' after a call returns. What ecrhub_version and ecrhub_status_name return are addresses of static text: do not free them.
'
' HANDLES are whole 64-bit numbers, which Visual Basic has only as Currency: keep them, pass them, never calculate.
'
' RESULTS. 0: done. Above 0: nothing is wrong, but there is nothing to give. Below 0: refused, and nothing was changed;
' EcrhubWhy tells why.
'
' Poll with timeout 0 from a Timer, so that the form stays alive. ecrhub_set_log calls back from other threads, which Visual
' Basic does not survive: it is declared for completeness, leave it alone.
Option Explicit

' What ecrhub_abi_version must return: ecrhub.h's ECRHUB_ABI_VERSION, which Basic cannot tell from the function.
Public Const ECRHUB_ABI As Long = 1

Public Const ECRHUB_OK As Long = 0
Public Const ECRHUB_TIMEOUT As Long = 1
Public Const ECRHUB_INTERRUPTED As Long = 2
Public Const ECRHUB_OUTDATED As Long = 3
Public Const ECRHUB_NOTHING As Long = 4
Public Const ECRHUB_ERR_ARGUMENT As Long = -1
Public Const ECRHUB_ERR_HANDLE As Long = -2
Public Const ECRHUB_ERR_CONFIG As Long = -3
Public Const ECRHUB_ERR_JSON As Long = -4
Public Const ECRHUB_ERR_REQUEST As Long = -5
Public Const ECRHUB_ERR_DUPLICATE As Long = -6
Public Const ECRHUB_ERR_BUFFER_TOO_SMALL As Long = -7
Public Const ECRHUB_ERR_BUSY As Long = -8
Public Const ECRHUB_ERR_JOURNAL As Long = -9
Public Const ECRHUB_ERR_FORKED As Long = -10
Public Const ECRHUB_ERR_UNSUPPORTED As Long = -11
Public Const ECRHUB_ERR_INTERNAL As Long = -12
Public Const ECRHUB_ERR_TERMINAL As Long = -13

Public Const ECRHUB_LOG_OFF As Long = 0
Public Const ECRHUB_LOG_ERROR As Long = 1
Public Const ECRHUB_LOG_WARN As Long = 2
Public Const ECRHUB_LOG_INFO As Long = 3
Public Const ECRHUB_LOG_DEBUG As Long = 4
Public Const ECRHUB_LOG_TRACE As Long = 5

Public Declare Function ecrhub_abi_version Lib "ecrhub_stdcall.dll" () As Long
Public Declare Function ecrhub_version Lib "ecrhub_stdcall.dll" () As Long
Public Declare Function ecrhub_status_name Lib "ecrhub_stdcall.dll" (ByVal status As Long) As Long
Public Declare Function ecrhub_last_error Lib "ecrhub_stdcall.dll" (ByVal buffer As Long, ByVal capacity As Long, _
    ByRef outLength As Long) As Long

Public Declare Function ecrhub_connect Lib "ecrhub_stdcall.dll" (ByVal configJson As Long, _
    ByRef outHandle As Currency) As Long
Public Declare Function ecrhub_disconnect Lib "ecrhub_stdcall.dll" (ByVal handle As Currency) As Long
Public Declare Function ecrhub_shutdown Lib "ecrhub_stdcall.dll" () As Long

Public Declare Function ecrhub_send Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal requestJson As Long, _
    ByVal timeoutMs As Long, ByVal requestId As Long, ByVal capacity As Long, ByRef outLength As Long) As Long
Public Declare Function ecrhub_poll Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal timeoutMs As Long, _
    ByVal eventJson As Long, ByVal capacity As Long, ByRef outLength As Long) As Long
Public Declare Function ecrhub_call Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal requestJson As Long, _
    ByVal timeoutMs As Long, ByVal eventJson As Long, ByVal capacity As Long, ByRef outLength As Long) As Long
' Like ecrhub_send, for a till that waits for this one request: its completion is read with ecrhub_wait.
Public Declare Function ecrhub_start Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal requestJson As Long, _
    ByVal timeoutMs As Long, ByVal requestId As Long, ByVal capacity As Long, ByRef outLength As Long) As Long
' With timeoutMs 0 from a Timer: ECRHUB_TIMEOUT while the request is in flight. Reading does not consume.
Public Declare Function ecrhub_wait Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal requestId As Long, _
    ByVal timeoutMs As Long, ByVal eventJson As Long, ByVal capacity As Long, ByRef outLength As Long) As Long
Public Declare Function ecrhub_wake Lib "ecrhub_stdcall.dll" (ByVal handle As Currency) As Long
' Always refused on Windows, with ECRHUB_ERR_UNSUPPORTED: ecrhub_wait_handle takes its place.
Public Declare Function ecrhub_wait_fd Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByRef outFd As Long) As Long
' An event object for MsgWaitForMultipleObjects. The library's own: only wait for it, never close it.
Public Declare Function ecrhub_wait_handle Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, _
    ByRef outHandle As Long) As Long

Public Declare Function ecrhub_state Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal stateJson As Long, _
    ByVal capacity As Long, ByRef outLength As Long) As Long
Public Declare Function ecrhub_pending Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal requestsJson As Long, _
    ByVal capacity As Long, ByRef outLength As Long) As Long
Public Declare Function ecrhub_acknowledge Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, _
    ByVal requestId As Long, ByVal outcome As Long) As Long
' note may be 0.
Public Declare Function ecrhub_resolve Lib "ecrhub_stdcall.dll" (ByVal handle As Currency, ByVal requestId As Long, _
    ByVal outcome As Long, ByVal note As Long) As Long

' One value of a JSON text. buffer must not be json's own.
Public Declare Function ecrhub_json_get Lib "ecrhub_stdcall.dll" (ByVal json As Long, ByVal path As Long, _
    ByVal buffer As Long, ByVal capacity As Long, ByRef outLength As Long) As Long
' json may be 0 for an empty object, value 0 to remove; buffer may be json's own.
Public Declare Function ecrhub_json_set Lib "ecrhub_stdcall.dll" (ByVal json As Long, ByVal path As Long, _
    ByVal value As Long, ByVal buffer As Long, ByVal capacity As Long, ByRef outLength As Long) As Long

Public Declare Function ecrhub_set_log Lib "ecrhub_stdcall.dll" (ByVal callback As Long, ByVal userData As Long, _
    ByVal maxLevel As Long) As Long

Private Declare Function WideCharToMultiByte Lib "kernel32" (ByVal codePage As Long, ByVal flags As Long, _
    ByVal wide As Long, ByVal wideLength As Long, ByVal bytes As Long, ByVal byteCount As Long, _
    ByVal defaultChar As Long, ByVal usedDefault As Long) As Long
Private Declare Function MultiByteToWideChar Lib "kernel32" (ByVal codePage As Long, ByVal flags As Long, _
    ByVal bytes As Long, ByVal byteCount As Long, ByVal wide As Long, ByVal wideLength As Long) As Long

Private Const CP_UTF8 As Long = 65001

' A text as the library takes it: UTF-8, with its NUL.
Public Function EcrhubBytes(ByVal text As String) As Byte()
    Dim bytes() As Byte, count As Long
    count = WideCharToMultiByte(CP_UTF8, 0, StrPtr(text), Len(text), 0, 0, 0, 0)
    ReDim bytes(0 To count)
    If count > 0 Then WideCharToMultiByte CP_UTF8, 0, StrPtr(text), Len(text), VarPtr(bytes(0)), count, 0, 0
    EcrhubBytes = bytes
End Function

' A text the library wrote into a Byte array; length is its outLength.
Public Function EcrhubText(ByRef bytes() As Byte, ByVal length As Long) As String
    Dim count As Long, text As String
    If length <= 0 Then Exit Function
    count = MultiByteToWideChar(CP_UTF8, 0, VarPtr(bytes(0)), length, 0, 0)
    text = String$(count, vbNullChar)
    MultiByteToWideChar CP_UTF8, 0, VarPtr(bytes(0)), length, StrPtr(text), count
    EcrhubText = text
End Function

' One value of an event or a list, "outcome" or "fields.trans_no"; empty when there is none.
Public Function EcrhubJsonGet(ByVal json As String, ByVal path As String) As String
    Dim text() As Byte, where() As Byte, found() As Byte, length As Long
    text = EcrhubBytes(json)
    where = EcrhubBytes(path)
    ReDim found(0 To UBound(text))
    If ecrhub_json_get(VarPtr(text(0)), VarPtr(where(0)), VarPtr(found(0)), UBound(found) + 1, length) = ECRHUB_OK Then
        EcrhubJsonGet = EcrhubText(found, length)
    End If
End Function

' The JSON text with value at path, objects created as needed; an empty json is an empty object. Empty when it is refused:
' EcrhubWhy tells why.
Public Function EcrhubJsonSet(ByVal json As String, ByVal path As String, ByVal value As String) As String
    Dim text() As Byte, where() As Byte, said() As Byte, built() As Byte, length As Long
    If Len(json) = 0 Then json = "{}"
    text = EcrhubBytes(json)
    where = EcrhubBytes(path)
    said = EcrhubBytes(value)
    ' Enough in any case: an escaped character takes six bytes at most.
    ReDim built(0 To UBound(text) + 6 * (UBound(where) + UBound(said)) + 64)
    If ecrhub_json_set(VarPtr(text(0)), VarPtr(where(0)), VarPtr(said(0)), VarPtr(built(0)), UBound(built) + 1, _
        length) = ECRHUB_OK Then EcrhubJsonSet = EcrhubText(built, length)
End Function

' Why the last call of this thread was refused.
Public Function EcrhubWhy() As String
    Dim bytes(0 To 1023) As Byte, length As Long
    If ecrhub_last_error(VarPtr(bytes(0)), 1024, length) = ECRHUB_OK Then EcrhubWhy = EcrhubText(bytes, length)
End Function
