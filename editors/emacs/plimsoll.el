;;; plimsoll.el --- Plimsoll's language server in Eglot  -*- lexical-binding: t -*-

;; Needs Emacs 29, or an older one with Eglot from a package archive.

;;; Code:

(require 'eglot)

(defvar plimsoll-settings nil
  "Settings with the keys of a plimsoll.yaml, as a property list.
For instance (:rules (:PLM607 \"off\")).")

(add-to-list 'eglot-server-programs
             '((yaml-mode yaml-ts-mode docker-compose-mode dockerfile-mode dockerfile-ts-mode)
               . ("plimsoll" "lsp")))

(defun plimsoll-eglot-settings (&rest _)
  "Return the section that the server asks for."
  `(:plimsoll ,(or plimsoll-settings (make-hash-table))))

(setq-default eglot-workspace-configuration #'plimsoll-eglot-settings)

(dolist (hook '(yaml-mode-hook yaml-ts-mode-hook docker-compose-mode-hook))
  (add-hook hook #'eglot-ensure))

(provide 'plimsoll)
;;; plimsoll.el ends here
