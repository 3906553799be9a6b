//! A CodePay Register terminal in software.
