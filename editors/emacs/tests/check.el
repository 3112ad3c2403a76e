;;; check.el --- Tries Plimsoll in Emacs  -*- lexical-binding: t -*-

;; emacs --batch -l check.el FILE: opens a copy of examples/shop-two-sides/compose.yaml with the configuration that
;; people copy, and fails with the first check that does not hold.

;;; Code:

(require 'package)
(package-initialize)
;; The settings of other servers stay.
(require 'eglot)
(setq-default eglot-workspace-configuration '(:other (:kept t)))
(load (expand-file-name "../plimsoll.el" (file-name-directory load-file-name)) nil t)
(require 'yaml-mode)
(unless (plist-get (plist-get (plimsoll-eglot-settings nil) :other) :kept)
  (error "The settings of another server are gone"))

(defun check-wait (what ask)
  "Wait until ASK returns non-nil and return that; fail with WHAT after 30 s."
  (let ((end (+ (float-time) 30)) found)
    (while (not (or (setq found (funcall ask)) (> (float-time) end)))
      (flymake-start)
      (accept-process-output nil 0.05))
    (or found (error "%s: not within 30 s" what))))

(defun check-finding (words)
  "Return the diagnostic whose text has WORDS."
  (seq-find (lambda (it) (string-match-p words (flymake-diagnostic-text it))) (flymake-diagnostics)))

(find-file (car command-line-args-left))
(setq command-line-args-left nil
      eglot-sync-connect 30
      eglot-confirm-server-initiated-edits nil
      plimsoll-settings '(:rules (:PLM803 "off")))
(unless (derived-mode-p 'yaml-mode) (yaml-mode))
(apply #'eglot--connect (eglot--guess-contact))

;; Findings, in the place and with the words that the server gives.
(let ((early (check-wait "a finding PLM101" (lambda () (check-finding "`web` may start before `db`")))))
  (unless (equal (buffer-substring (flymake-diagnostic-beg early) (flymake-diagnostic-end early)) "db")
    (error "PLM101 underlines something else"))
  (goto-char (flymake-diagnostic-beg early)))

;; Settings reach the server.
(check-wait "the end of PLM803, which is off" (lambda () (not (check-finding "grow without limit"))))

;; The finding is explained.
(let* ((server (eglot-current-server))
       (hover (jsonrpc-request server :textDocument/hover (eglot--TextDocumentPositionParams)))
       (text (plist-get (plist-get hover :contents) :value)))
  (unless (string-match-p "Why it hurts" text) (error "The hover does not explain: %s" text))

  ;; A fix is offered and applied, and the finding goes away.
  (let* ((range (list :start (eglot--pos-to-lsp-position) :end (eglot--pos-to-lsp-position)))
         (actions (jsonrpc-request server :textDocument/codeAction
                                   (list :textDocument (eglot--TextDocumentIdentifier) :range range
                                         :context (list :diagnostics [] :only ["quickfix"]))))
         (fix (seq-find (lambda (it) (equal (plist-get it :title) "Wait until `db` is healthy")) actions)))
    (unless fix (error "The fix is not offered: %S" actions))
    (eglot--apply-workspace-edit (plist-get fix :edit))))
(unless (string-match-p "service_healthy" (buffer-string)) (error "The fix changed nothing"))
;; Emacs sends changes when it is idle, which it never is here.
(eglot--signal-textDocument/didChange)
(check-wait "the end of PLM101 at `db`"
            (lambda ()
              (not (check-finding "`web` may start before `db`"))))

(princ "every check holds\n")
(set-buffer-modified-p nil)
(kill-emacs 0)
;;; check.el ends here
