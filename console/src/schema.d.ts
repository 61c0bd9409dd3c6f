// Made by "npm run types" from the OpenAPI document. Do not edit.
export interface paths {
    "/image_sets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_image_sets"];
        put?: never;
        post: operations["create_image_set"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/image_sets/{imageset_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        get: operations["get_image_set"];
        put: operations["update_image_set_status"];
        post?: never;
        delete: operations["delete_image_set"];
        options?: never;
        head?: never;
        patch: operations["update_image_set"];
        trace?: never;
    };
    "/image_sets/{imageset_id}/dropbox_url": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_dropbox_url"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/image_sets/{imageset_id}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        get: operations["list_uploads"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/image_sets/{imageset_id}/images": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        get: operations["list_image_set_images"];
        put?: never;
        post: operations["add_image_set_images"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/image_sets/{imageset_id}/problems": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        get: operations["list_problems"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/image_sets/{imageset_id}/problems/retry": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["retry_problems"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/image_sets/{imageset_id}/problems/drop": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["drop_problems"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_images"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_images"];
        trace?: never;
    };
    "/images/places": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["count_image_places"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images/{image_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        get: operations["get_image"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_image"];
        trace?: never;
    };
    "/images/{image_id}/details": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        get: operations["get_image_details"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images/{image_id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        get: operations["get_image_preview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images/{image_id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["withdraw_image"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images/{image_id}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        get: operations["list_image_objects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images/{image_id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        get: operations["list_image_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_queries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["parameters"]["QueryName"];
            };
            cookie?: never;
        };
        get: operations["get_query"];
        put: operations["put_query"];
        post?: never;
        delete: operations["delete_query"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_campaigns"];
        put?: never;
        post: operations["create_campaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["get_campaign"];
        put: operations["update_campaign_status"];
        post?: never;
        delete: operations["delete_campaign"];
        options?: never;
        head?: never;
        patch: operations["update_campaign"];
        trace?: never;
    };
    "/campaigns/{campaign_id}/images": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["list_campaign_images"];
        put?: never;
        post: operations["add_campaign_images"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/images/remove": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["remove_campaign_images"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/images/{image_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["remove_campaign_image"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["list_campaign_objects"];
        put: operations["put_campaign_objects"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/labelers": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["add_labeler"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/labelers/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["remove_labeler"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/reviewers": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["add_reviewer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/reviewers/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["remove_reviewer"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get?: never;
        put: operations["put_reviews"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/drafts": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["list_drafts"];
        put: operations["put_drafts"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/submissions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["list_campaign_submissions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["list_campaign_differences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["restore_campaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/imports": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["list_imports"];
        put?: never;
        post: operations["create_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/imports/{import_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                import_id: components["parameters"]["ImportId"];
            };
            cookie?: never;
        };
        get: operations["get_import"];
        put: operations["update_import_status"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/submissions/{submission_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                submission_id: components["parameters"]["SubmissionId"];
            };
            cookie?: never;
        };
        get: operations["get_submission"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["list_campaign_datasets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/relabel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["relabel_campaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{campaign_id}/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        get: operations["get_campaign_statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_snapshots"];
        put?: never;
        post: operations["create_snapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/snapshots/{snapshot_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        get: operations["get_snapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/snapshots/{snapshot_id}/images": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        get: operations["list_snapshot_images"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/snapshots/{snapshot_id}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        get: operations["list_snapshot_objects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/snapshots/{snapshot_id}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        get: operations["list_snapshot_differences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/snapshots/{snapshot_id}/exports": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        get: operations["list_exports"];
        put?: never;
        post: operations["create_export"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/exports/{export_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: components["parameters"]["ExportId"];
            };
            cookie?: never;
        };
        get: operations["get_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_jobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: components["parameters"]["JobId"];
            };
            cookie?: never;
        };
        get: operations["get_job"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: components["parameters"]["JobId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["retry_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: components["parameters"]["JobId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["cancel_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_users"];
        put?: never;
        post: operations["create_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get: operations["get_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_user"];
        trace?: never;
    };
    "/users/{user_id}/roles": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["grant_role"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user_id}/roles/{role_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
                role_id: components["parameters"]["RoleId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["revoke_role"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user_id}/api_keys": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get: operations["list_api_keys"];
        put?: never;
        post: operations["create_api_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user_id}/api_keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["revoke_api_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user_id}/api_keys/{key_id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["rotate_api_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session_keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_session_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session_keys/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["end_session_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/whoami": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_whoami"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/whoami/keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["rotate_own_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AccessToken: {
            apikey: string;
            apisecret: string | null;
        };
        ApiKey: {
            /** Format: int64 */
            key_id: number;
            apikey: string;
            name: string | null;
            /** Format: date-time */
            date_created: string;
            /** Format: date-time */
            date_expires: string | null;
            /** Format: date-time */
            date_revoked: string | null;
            /** Format: date-time */
            date_last_used: string | null;
        };
        ApiKeyName: string | null;
        ApiKeyPage: {
            api_keys: components["schemas"]["ApiKey"][];
            pagination: components["schemas"]["Pagination"];
        };
        ApiKeyRotation: {
            overlap_seconds?: components["schemas"]["OverlapSeconds"];
            date_expires?: components["schemas"]["ExpiryDate"];
        };
        AuditEntry: {
            /** Format: int64 */
            audit_id: number;
            /** Format: date-time */
            date_created: string;
            action: string;
            subject: {
                type: string;
                /** Format: int64 */
                id: number;
            };
            user: {
                /** Format: int64 */
                user_id: number;
                email: string;
            } | null;
            /** Format: int64 */
            key_id: number | null;
            address: string | null;
            request_id: string | null;
            os_user: string | null;
            details: {
                [key: string]: unknown;
            };
        };
        AuditPage: {
            audit: components["schemas"]["AuditEntry"][];
            pagination: components["schemas"]["Pagination"];
        };
        BoundingBox: {
            /** Format: float */
            xmin: number;
            /** Format: float */
            xmax: number;
            /** Format: float */
            ymin: number;
            /** Format: float */
            ymax: number;
        };
        BoxSize: {
            from: number;
            to: number;
            /** Format: int64 */
            objects: number;
        };
        Campaign: {
            /** Format: int64 */
            campaign_id: number;
            title: string;
            status: components["schemas"]["CampaignStatus"];
            progress: components["schemas"]["Progress"];
            metadata: components["schemas"]["Metadata"];
            label_translations: {
                [key: string]: string;
            } | null;
            classes: components["schemas"]["CampaignClass"][];
            strict: boolean;
            instructions: string | null;
            kind: components["schemas"]["CampaignKind"];
            model: string | null;
            version: string | null;
            prelabels_from: components["schemas"]["PrelabelsFrom"];
            auto_complete: boolean;
            late_corrections: boolean;
            archived: boolean;
            /** Format: date-time */
            date_created: string;
            /** Format: date-time */
            date_started: string | null;
            /** Format: date-time */
            date_completed: string | null;
            /** Format: date-time */
            date_finished: string | null;
            created_by: string | null;
            labelers: components["schemas"]["Member"][];
            reviewers: components["schemas"]["Member"][];
            publication: components["schemas"]["Job"] | components["schemas"]["Nothing"];
        };
        CampaignChange: {
            title?: string;
            metadata?: {
                [key: string]: unknown;
            } | null;
            classes?: components["schemas"]["NewClasses"];
            strict?: components["schemas"]["Strict"];
            instructions?: components["schemas"]["Instructions"];
            prelabels_from?: components["schemas"]["PrelabelsFrom"];
            late_corrections?: components["schemas"]["LateCorrections"];
            archived?: boolean;
        };
        CampaignClass: {
            name: string;
            color: string | null;
            key: string | null;
            description: string | null;
            aliases: string[];
            retired: boolean;
        };
        CampaignImage: {
            /** Format: int64 */
            image_id: number;
            url: string;
            file_name: components["schemas"]["FileName"];
            filetype: components["schemas"]["Filetype"];
            width: components["schemas"]["Width"];
            height: components["schemas"]["Height"];
            state: components["schemas"]["ImageState"];
            reason: string | null;
            /** Format: int64 */
            revision: number | null;
            review: components["schemas"]["Review"];
            suggestions: components["schemas"]["Suggestions"];
            /** Format: int64 */
            filesize?: number | null;
            sha256?: string | null;
            download_url?: components["schemas"]["DownloadUrl"];
            thumbnail_url?: components["schemas"]["ThumbnailUrl"];
            preview_url?: components["schemas"]["PreviewUrl"];
        };
        CampaignImagePage: {
            images: components["schemas"]["CampaignImage"][];
            pagination: components["schemas"]["Pagination"];
        };
        /**
         * @default people
         * @enum {string}
         */
        CampaignKind: "people" | "model";
        CampaignOfImage: {
            /** Format: int64 */
            campaign_id: number;
            title: string;
            /** @enum {string} */
            kind: "people" | "model";
            status: components["schemas"]["CampaignStatus"];
            state: components["schemas"]["ImageState"];
            reason: string | null;
            /** Format: int64 */
            revision: number | null;
            object_count: number;
            review: components["schemas"]["Review"];
        };
        CampaignPage: {
            campaigns: components["schemas"]["Campaign"][];
            pagination: components["schemas"]["Pagination"];
        };
        /** @enum {string} */
        CampaignStatus: "created" | "active" | "completed" | "finished";
        CampaignStatusChange: {
            new_status: components["schemas"]["CampaignStatus"];
            /** @default true */
            auto_complete: boolean;
        };
        CampaignWithAddition: components["schemas"]["Campaign"] & {
            added: number;
            skipped: number;
            flagged: number;
        };
        ClassCount: {
            label: string;
            /** Format: int64 */
            objects: number;
            /** Format: int64 */
            images: number;
        };
        CreatedApiKey: components["schemas"]["ApiKey"] & {
            apisecret: string;
        };
        CreatedCampaign: components["schemas"]["Campaign"] & {
            access_token: components["schemas"]["AccessToken"] | components["schemas"]["Nothing"];
        };
        CreatedImageSet: components["schemas"]["ImageSet"] & components["schemas"]["DropboxUrl"];
        CreatedSessionKey: components["schemas"]["SessionKey"] & {
            apisecret: string;
        };
        Dataset: {
            /** Format: int64 */
            dataset_id: number;
            /** @enum {string} */
            kind: "images" | "images_mltable" | "labels" | "labels_jsonl" | "labels_mltable";
            name: string;
            version: number;
            path: string;
            sha256: string;
            /** Format: int64 */
            file_size: number;
            image_count: number;
            object_count: number;
            withdrawn_images: number;
            /** @enum {string} */
            registration: "off" | "pending" | "registered" | "failed";
            registered_version: string | null;
            error: string | null;
            /** Format: date-time */
            date_created: string;
            /** Format: uri */
            url: string;
        };
        DatasetList: {
            datasets: components["schemas"]["Dataset"][];
        };
        Day: string;
        DayCount: {
            /** Format: date */
            day: string;
            /** Format: int64 */
            submissions: number;
            /** Format: int64 */
            images: number;
            /** Format: int64 */
            objects: number;
        };
        DetailsOfImage: {
            file_name: components["schemas"]["FileName"];
            url: string;
            /** Format: date-time */
            date_created: string | null;
            created_by: string | null;
            /** Format: int64 */
            campaign_count: number;
            campaigns: components["schemas"]["CampaignOfImage"][];
        };
        Difference: {
            /** Format: int64 */
            image_id: number;
            url: string;
            /** @enum {string|null} */
            membership: "joined" | "left" | null;
            state: ("unlabeled" | "labeled" | "empty" | "unusable" | null)[];
            reason: (string | null)[];
            revision: (number | null)[];
            added: components["schemas"]["Object"][];
            removed: components["schemas"]["Object"][];
            moved: components["schemas"]["ObjectPair"][];
            relabeled: components["schemas"]["ObjectPair"][];
            changed: components["schemas"]["ObjectPair"][];
        };
        DifferenceCounts: {
            images: number;
            added: number;
            removed: number;
            moved: number;
            relabeled: number;
            changed: number;
            states: number;
            joined: number;
            left: number;
        };
        DifferencePage: {
            images: components["schemas"]["Difference"][];
            counts: components["schemas"]["DifferenceCounts"];
            /** Format: int64 */
            from: number | null;
            /** Format: int64 */
            to: number | null;
            pagination: components["schemas"]["Pagination"];
        };
        /** Format: uri */
        DownloadUrl: string | null;
        Draft: {
            /** Format: int64 */
            image_id: number;
            objects: Record<string, never>[] | null;
            unusable: string | null;
            /** Format: int64 */
            revision: number | null;
            image: components["schemas"]["SeenImage"] | components["schemas"]["Nothing"];
            /** Format: date-time */
            date_changed: string;
            created_by: string | null;
        };
        DraftPage: {
            drafts: components["schemas"]["Draft"][];
            pagination: components["schemas"]["Pagination"];
        };
        DropboxUrl: {
            /** Format: uri */
            dropbox_url: string;
        };
        /** @enum {string} */
        DuplicatePolicy: "keep" | "flag";
        ExpiryDate: string | null;
        Export: {
            /** Format: int64 */
            export_id: number;
            /** Format: int64 */
            snapshot_id: number;
            format: components["schemas"]["ExportFormat"];
            images: components["schemas"]["ExportImages"];
            options: {
                upright: boolean;
            };
            /** @enum {string} */
            state: "pending" | "ready" | "failed" | "cancelled" | "withdrawn";
            job: components["schemas"]["Job"] | components["schemas"]["Nothing"];
            path: string | null;
            /** Format: uri */
            url: string | null;
            /** Format: int64 */
            size: number | null;
            sha256: string | null;
            counts: {
                images: number;
                objects: number;
            } | null;
            losses: components["schemas"]["ExportLoss"][];
            /** Format: uri */
            manifest_url: string | null;
            /** Format: date-time */
            date_created: string;
            /** Format: date-time */
            date_written: string | null;
        };
        /** @enum {string} */
        ExportFormat: "coco" | "yolo" | "voc" | "cvat" | "label-studio" | "datumaro" | "csv" | "jsonl" | "parquet";
        /**
         * @default none
         * @enum {string}
         */
        ExportImages: "none" | "files";
        ExportList: {
            exports: components["schemas"]["Export"][];
        };
        ExportLoss: {
            what: string;
            images: number;
            objects: number;
        };
        Fault: {
            pointer?: string;
            /** Format: int64 */
            revision?: number | null;
            created_by?: string | null;
            /** Format: date-time */
            date_created?: string | null;
            parameter?: string;
            detail: string;
        };
        FileName: string;
        Filetype: string | null;
        FinishedImageSet: components["schemas"]["ImageSet"] & {
            /** @enum {string} */
            status: "finished";
        };
        Height: number | null;
        Image: {
            /** Format: int64 */
            image_id: number;
            blobstorage_path: string;
            imageset: {
                /** Format: int64 */
                imageset_id: number | null;
                title: string | null;
            };
            /** Format: date-time */
            date_taken: string | null;
            /** @enum {string|null} */
            date_taken_source: "offset" | "set" | "gps" | "assumed-utc" | "manual" | null;
            location_taken: {
                description: string | null;
                lat: number | null;
                lon: number | null;
            };
            type: string | null;
            metadata: components["schemas"]["Metadata"];
            tss_id: string | null;
            file: {
                filetype: components["schemas"]["Filetype"];
                /** Format: int64 */
                filesize: number | null;
                dimensions: {
                    width: components["schemas"]["Width"];
                    height: components["schemas"]["Height"];
                };
                sha256: string | null;
            };
            problem: string | null;
            withdrawal: components["schemas"]["Withdrawal"];
            download_url?: components["schemas"]["DownloadUrl"];
            thumbnail_url?: components["schemas"]["ThumbnailUrl"];
            preview_url?: components["schemas"]["PreviewUrl"];
        };
        ImageChange: {
            type?: components["schemas"]["NewType"];
            metadata?: components["schemas"]["MetadataPatch"];
            date_taken?: components["schemas"]["NewDateTaken"];
            location_taken?: components["schemas"]["LocationPatch"];
            tss_id?: components["schemas"]["NewTssId"];
        };
        ImageChangeItem: {
            /** Format: int64 */
            image_id: number;
            type?: components["schemas"]["NewType"];
            metadata?: components["schemas"]["MetadataPatch"];
            date_taken?: components["schemas"]["NewDateTaken"];
            location_taken?: components["schemas"]["LocationPatch"];
            tss_id?: components["schemas"]["NewTssId"];
        };
        ImageChangeReceipt: {
            image_count: number;
            changed: number;
        };
        ImageChanges: components["schemas"]["ImageChangeItem"][];
        ImageDetails: components["schemas"]["Image"] & components["schemas"]["DetailsOfImage"];
        ImageHistoryPage: {
            history: components["schemas"]["ImageRevision"][];
            pagination: components["schemas"]["Pagination"];
        };
        ImagePage: {
            images: components["schemas"]["Image"][];
            pagination: components["schemas"]["Pagination"];
        };
        ImagePlace: {
            lat: number;
            lon: number;
            /** Format: int64 */
            image_count: number;
            /** Format: int64 */
            image_id: number;
        };
        ImagePlaces: {
            bounds: number[] | null;
            places: components["schemas"]["ImagePlace"][];
            /** Format: int64 */
            with_place: number;
            /** Format: int64 */
            without_place: number;
        };
        ImageQuery: {
            /** Format: int64 */
            image_set?: number;
            /** Format: int64 */
            campaign?: number;
            labeled?: boolean;
            state?: components["schemas"]["ImageState"][];
            review?: components["schemas"]["ReviewState"][];
            label?: string;
            min_objects?: number;
            max_objects?: number;
            taken_from?: components["schemas"]["TimeOrDay"];
            taken_to?: components["schemas"]["TimeOrDay"];
            taken?: components["schemas"]["Day"];
            type?: string;
            filetype?: string;
            bbox?: number[];
            near?: number[];
            path?: string;
            sha256?: string;
            /** Format: int64 */
            duplicate_of?: number;
            distance?: number;
            metadata?: components["schemas"]["MetadataValues"];
        };
        ImageReference: {
            /** Format: int64 */
            id?: number;
            filepath?: string;
        };
        ImageReferences: components["schemas"]["ImageReference"][];
        ImageRevision: {
            /** Format: int64 */
            submission_id: number;
            campaign: {
                /** Format: int64 */
                campaign_id: number;
                title: string;
            };
            state: components["schemas"]["ImageState"];
            reason: string | null;
            object_count: number;
            reviews: components["schemas"]["PastReview"][];
            kind: components["schemas"]["SubmissionKind"];
            /** Format: int64 */
            of: number | null;
            tool: string | null;
            note: string | null;
            /** Format: date-time */
            date_created: string;
            created_by: string | null;
            key_name: string | null;
            request_id: string | null;
        };
        ImageSelection: {
            /** Format: int64 */
            id?: number;
            filepath?: string;
            /** Format: int64 */
            image_set?: number;
            /** Format: int64 */
            campaign?: number;
            /** @enum {string} */
            state?: "unlabeled" | "labeled" | "empty" | "unusable";
            query?: components["schemas"]["ImageQuery"];
            query_name?: components["schemas"]["QueryName"];
        } & (unknown | unknown | unknown | unknown | unknown | unknown);
        ImageSelections: components["schemas"]["ImageSelection"][];
        ImageSet: {
            /** Format: int64 */
            imageset_id: number;
            title: string;
            status: components["schemas"]["ImageSetStatus"];
            metadata: components["schemas"]["Metadata"];
            timezone: string | null;
            duplicates: components["schemas"]["DuplicatePolicy"];
            blobstorage_path: string;
            /** Format: date-time */
            date_created: string;
            /** Format: date-time */
            date_finished: string | null;
            created_by: string | null;
            ingest: components["schemas"]["Ingest"] | components["schemas"]["Nothing"];
        };
        ImageSetChange: {
            title?: string;
            metadata?: components["schemas"]["Metadata"];
            timezone?: string | null;
            duplicates?: components["schemas"]["DuplicatePolicy"];
        };
        ImageSetPage: {
            image_sets: components["schemas"]["ImageSet"][];
            pagination: components["schemas"]["Pagination"];
        };
        ImageSetProblem: {
            /** Format: int64 */
            problem_id: number;
            name: string;
            kind: string;
            message: string;
            /** Format: date-time */
            date_created: string;
            /** Format: int64 */
            image_id: number | null;
        };
        ImageSetProblemPage: {
            problems: components["schemas"]["ImageSetProblem"][];
            pagination: components["schemas"]["Pagination"];
        };
        /** @enum {string} */
        ImageSetStatus: "created" | "finished";
        ImageSetStatusChange: {
            new_status: components["schemas"]["ImageSetStatus"];
        };
        /** @enum {string} */
        ImageState: "unlabeled" | "labeled" | "empty" | "unusable";
        Import: components["schemas"]["ListedImport"] & {
            problems: components["schemas"]["ImportProblems"];
        };
        ImportCounts: {
            images: number;
            objects: number;
            replaced: number;
            unchanged: number;
            clipped: number;
            dropped: number;
            new_classes: number;
        } | null;
        /** @enum {string} */
        ImportFormat: "coco" | "csv" | "cvat" | "datumaro" | "jsonl" | "label-studio" | "parquet" | "voc" | "yolo";
        /** @enum {string} */
        ImportMatch: "auto" | "id" | "path" | "name";
        /** @enum {string} */
        ImportMode: "replace" | "append";
        /** @enum {string} */
        ImportOnInvalid: "reject" | "clip";
        ImportPage: {
            imports: components["schemas"]["ListedImport"][];
            pagination: components["schemas"]["Pagination"];
        };
        ImportProblem: {
            kind: string;
            /** @enum {string} */
            severity: "error" | "warning";
            count: number;
            examples: {
                where: string;
                detail: string;
            }[];
        };
        ImportProblems: components["schemas"]["ImportProblem"][] | null;
        /** @enum {string} */
        ImportState: "waiting" | "queued" | "running" | "succeeded" | "failed" | "cancelled";
        ImportStatusChange: {
            /** @enum {string} */
            new_status: "uploaded";
        };
        ImportWithLink: components["schemas"]["ListedImport"] & {
            problems: components["schemas"]["ImportProblems"];
            /** Format: uri */
            upload_url: string;
        };
        Ingest: components["schemas"]["Job"] & {
            images: number | null;
            not_images: number | null;
            skipped: number | null;
            problems: number;
            duplicates: number | null;
        };
        Instructions: string | null;
        Job: {
            /** Format: int64 */
            job_id: number;
            kind: string;
            subject: {
                type: string;
                /** Format: int64 */
                id: number;
            };
            /** @enum {string} */
            state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
            done: number;
            total: number | null;
            attempts: number;
            error: string | null;
            /** Format: date-time */
            date_created: string;
            /** Format: date-time */
            date_started: string | null;
            /** Format: date-time */
            date_finished: string | null;
            /** Format: date-time */
            date_expected: string | null;
        };
        JobPage: {
            jobs: components["schemas"]["Job"][];
            pagination: components["schemas"]["Pagination"];
        };
        KeptQuery: {
            /** Format: int64 */
            query_id: number;
            name: components["schemas"]["QueryName"];
            query: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            date_created: string;
            /** Format: date-time */
            date_changed: string;
            changed_by: string | null;
        };
        KeptQueryPage: {
            queries: components["schemas"]["KeptQuery"][];
            pagination: components["schemas"]["Pagination"];
        };
        LabeledImage: {
            /** Format: int64 */
            image_id: number;
            url: string;
            file_name: components["schemas"]["FileName"];
            filetype: components["schemas"]["Filetype"];
            width: components["schemas"]["Width"];
            height: components["schemas"]["Height"];
            state: components["schemas"]["ImageState"];
            reason: string | null;
            /** Format: int64 */
            revision: number | null;
            review: components["schemas"]["Review"];
            suggestions: components["schemas"]["Suggestions"];
            objects: components["schemas"]["ObjectList"];
        };
        LabeledImagePage: {
            images: components["schemas"]["LabeledImage"][];
            pagination: components["schemas"]["Pagination"];
        };
        LabeledSnapshotImage: {
            /** Format: int64 */
            image_id: number;
            url: string;
            blobstorage_path: string;
            filetype: components["schemas"]["Filetype"];
            /** Format: int64 */
            filesize: number | null;
            width: components["schemas"]["Width"];
            height: components["schemas"]["Height"];
            sha256: string | null;
            state: components["schemas"]["SnapshotImageState"];
            /** @enum {string|null} */
            review: "accepted" | "rejected" | null;
            /** @enum {string|null} */
            split: "train" | "val" | "test" | null;
            object_count: number;
            withdrawn: boolean;
            labels: components["schemas"]["SnapshotLabels"][];
            objects: components["schemas"]["SnapshotObject"][];
        };
        LabeledSnapshotImagePage: {
            images: components["schemas"]["LabeledSnapshotImage"][];
            pagination: components["schemas"]["Pagination"];
        };
        LabelsOfImage: {
            /** Format: int64 */
            image_id: number;
            objects?: components["schemas"]["NewObject"][];
            unusable?: string;
            /** Format: int64 */
            revision?: number | null;
            image?: components["schemas"]["SeenImage"];
        } | unknown | unknown;
        /** @default false */
        LateCorrections: boolean;
        ListedImport: {
            /** Format: int64 */
            import_id: number;
            /** Format: int64 */
            campaign_id: number;
            format: components["schemas"]["ImportFormat"];
            mode: components["schemas"]["ImportMode"];
            match: components["schemas"]["ImportMatch"];
            on_invalid: components["schemas"]["ImportOnInvalid"];
            origin: number | null;
            skip_unknown: boolean;
            ignore_size: boolean;
            dry_run: boolean;
            state: components["schemas"]["ImportState"];
            job: components["schemas"]["Job"] | components["schemas"]["Nothing"];
            done: number;
            total: number | null;
            error: string | null;
            /** Format: int64 */
            submission_id: number | null;
            counts: components["schemas"]["ImportCounts"];
            tool: string | null;
            note: string | null;
            /** Format: date-time */
            date_created: string;
            /** Format: date-time */
            date_finished: string | null;
            created_by: string | null;
            key_name: string | null;
            request_id: string | null;
        };
        LocationPatch: {
            description?: string | null;
            lat?: number | null;
            lon?: number | null;
        } | null;
        Member: {
            /** Format: int64 */
            user_id: number;
            email: string | null;
        };
        Metadata: {
            [key: string]: unknown;
        } | null;
        MetadataPatch: {
            [key: string]: unknown;
        } | null;
        MetadataValues: {
            [key: string]: string;
        };
        NewApiKey: {
            name?: components["schemas"]["ApiKeyName"];
            date_expires?: components["schemas"]["ExpiryDate"];
        };
        NewCampaign: {
            title: string;
            labeler_email?: string;
            metadata?: components["schemas"]["Metadata"];
            label_translations?: {
                [key: string]: string;
            } | null;
            classes?: components["schemas"]["NewClasses"];
            strict?: components["schemas"]["Strict"];
            instructions?: components["schemas"]["Instructions"];
            kind?: components["schemas"]["CampaignKind"];
            model?: string;
            version?: string;
            prelabels_from?: components["schemas"]["PrelabelsFrom"];
            late_corrections?: components["schemas"]["LateCorrections"];
        };
        NewClass: {
            name: string;
            color?: string | null;
            key?: string | null;
            description?: string | null;
            aliases?: string[];
            /** @default false */
            retired: boolean;
        };
        NewClasses: components["schemas"]["NewClass"][];
        NewDateTaken: string | null;
        NewDraft: {
            /** Format: int64 */
            image_id: number;
            objects?: components["schemas"]["NewObject"][];
            unusable?: string;
            /** Format: int64 */
            revision?: number | null;
            image?: components["schemas"]["SeenImage"];
        } | unknown | unknown;
        NewDrafts: components["schemas"]["NewDraft"][];
        NewExport: {
            format: components["schemas"]["ExportFormat"];
            images?: components["schemas"]["ExportImages"];
            options?: components["schemas"]["NewExportOptions"];
        };
        NewExportOptions: {
            /** @default false */
            upright: boolean;
        };
        NewImageSet: {
            title: string;
            metadata?: components["schemas"]["Metadata"];
            timezone?: string | null;
            duplicates?: components["schemas"]["DuplicatePolicy"];
        };
        NewLabels: components["schemas"]["LabelsOfImage"][];
        NewMember: {
            email: string;
        };
        NewObject: {
            bounding_box: components["schemas"]["BoundingBox"];
            label: string;
            label_translated?: string | null;
            confidence?: number | null;
        };
        NewReview: {
            /** Format: int64 */
            image_id: number;
            verdict: components["schemas"]["Verdict"];
            comment?: string | null;
            /** Format: int64 */
            revision?: number | null;
        };
        NewReviews: components["schemas"]["NewReview"][];
        NewSessionKey: {
            hours: number;
        };
        NewSnapshot: {
            name: string;
            campaigns: number[];
            image_sets?: number[];
            classes?: string[];
            states?: components["schemas"]["SnapshotImageState"][];
            /**
             * @default not_rejected
             * @enum {string}
             */
            review: "not_rejected" | "accepted" | "any";
            as_of?: string;
            query?: components["schemas"]["ImageQuery"];
            /**
             * @default first
             * @enum {string}
             */
            labels: "first" | "all";
            /** @default false */
            skip_problems: boolean;
            split?: components["schemas"]["NewSplit"];
            /** @default false */
            dry_run: boolean;
        };
        NewSplit: {
            /** @enum {string} */
            key: "content" | "image_set" | "folder" | "day";
            seed: string;
            shares: components["schemas"]["Shares"];
        };
        NewTssId: string | null;
        NewType: string | null;
        NewUser: {
            email: string;
            /** @enum {string|null} */
            role?: "image-admin" | "reader" | null;
        };
        NewWithdrawal: {
            reason: string;
        };
        /** @enum {object|null} */
        Nothing: never | null;
        Object: {
            /** Format: int64 */
            object_id: number;
            /** Format: int64 */
            image_id: number;
            /** Format: int64 */
            campaign_id: number;
            label: string;
            label_original: string;
            bounding_box: components["schemas"]["BoundingBox"];
            confidence: number | null;
            /** Format: date-time */
            date_added: string;
        };
        ObjectList: components["schemas"]["Object"][];
        ObjectPair: {
            before: components["schemas"]["Object"];
            after: components["schemas"]["Object"];
            iou: number;
        };
        ObjectsPerImage: {
            /** Format: int64 */
            objects: number;
            /** Format: int64 */
            images: number;
        };
        /** @enum {string} */
        Ok: "ok";
        /** @default 0 */
        OverlapSeconds: number;
        OwnKeyRotation: {
            overlap_seconds?: components["schemas"]["OverlapSeconds"];
        };
        Pagination: {
            page: number | null;
            pages: number | null;
            total: number | null;
            per_page: number;
            prev: number | null;
            next: number | null;
        };
        PastReview: {
            verdict: components["schemas"]["Verdict"];
            comment: string | null;
            created_by: string | null;
            key_name: string | null;
            /** Format: date-time */
            date_created: string;
            request_id: string | null;
        };
        /** Format: int64 */
        PrelabelsFrom: number | null;
        /** Format: uri */
        PreviewUrl: string | null;
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            instance: string | null;
            errors: components["schemas"]["Fault"][];
        };
        ProblemNames: {
            names?: string[];
        };
        Progress: {
            total: number;
            done: number;
            states: components["schemas"]["StateCounts"];
            reviews: components["schemas"]["ReviewCounts"];
        };
        QueryChange: {
            query: components["schemas"]["ImageQuery"];
        };
        QueryName: string;
        Relabel: {
            mapping: {
                [key: string]: string;
            };
            /** @default false */
            dry_run: boolean;
        };
        RelabelCount: {
            label: string;
            new_label: string;
            /** Format: int64 */
            objects: number;
            /** Format: int64 */
            images: number;
        };
        Relabeling: {
            /** Format: int64 */
            submission_id: number | null;
            /** Format: int64 */
            campaign_id: number;
            image_count: number;
            object_count: number;
            labels: components["schemas"]["RelabelCount"][];
            dry_run: boolean;
        };
        ReopenedImageSet: components["schemas"]["ImageSet"] & components["schemas"]["DropboxUrl"] & {
            /** @enum {string} */
            status: "created";
        };
        Restoration: {
            /** Format: int64 */
            submission_id: number | null;
            /** Format: int64 */
            campaign_id: number;
            /** Format: int64 */
            of: number | null;
            image_count: number;
            object_count: number;
            states: components["schemas"]["StateCounts"];
            skipped: number;
            dry_run: boolean;
        };
        RestoreRequest: {
            as_of: string;
            image_ids?: number[];
            /** @default false */
            dry_run: boolean;
        };
        Review: {
            verdict: components["schemas"]["Verdict"];
            comment: string | null;
            created_by: string | null;
            /** Format: date-time */
            date_created: string;
            /** Format: int64 */
            revision: number;
        } | null;
        ReviewCounts: {
            /** Format: int64 */
            accepted: number;
            /** Format: int64 */
            rejected: number;
            /** Format: int64 */
            none: number;
        };
        /** @enum {string} */
        ReviewState: "accepted" | "rejected" | "none";
        RevisionsPerImage: {
            /** Format: int64 */
            revisions: number;
            /** Format: int64 */
            images: number;
        };
        Role: {
            role: components["schemas"]["RoleName"];
            campaign: {
                /** Format: int64 */
                campaign_id: number;
                title: string;
                status: components["schemas"]["CampaignStatus"];
                progress: components["schemas"]["Progress"];
            } | null;
        };
        RoleGrant: {
            role: components["schemas"]["RoleName"];
            /** Format: int64 */
            campaign_id?: number | null;
        };
        /** @enum {string} */
        RoleName: "image-admin" | "reader" | "labeler" | "reviewer";
        SeenImage: {
            width: number;
            height: number;
        };
        Selection: {
            campaigns: number[];
            image_sets: number[] | null;
            classes: string[] | null;
            states: components["schemas"]["SnapshotImageState"][];
            review: string;
            as_of: string | null;
            query: {
                [key: string]: unknown;
            } | null;
            labels: string;
            skip_problems: boolean;
        };
        SenderCount: {
            created_by: string | null;
            /** Format: int64 */
            images: number;
            /** Format: int64 */
            objects: number;
        };
        SessionKey: {
            apikey: string;
            /** Format: date-time */
            date_expires: string;
        };
        Shares: {
            train?: number;
            val?: number;
            test?: number;
        };
        Snapshot: {
            /** Format: int64 */
            snapshot_id: number;
            /** @enum {string} */
            kind: "snapshot" | "campaign";
            name: string;
            version: number;
            /** Format: int64 */
            campaign_id: number | null;
            /** @enum {string} */
            state: "pending" | "ready" | "failed";
            job: components["schemas"]["Job"] | components["schemas"]["Nothing"];
            selection: components["schemas"]["Selection"];
            summary: string;
            split: components["schemas"]["Split"] | components["schemas"]["Nothing"];
            /** Format: date-time */
            moment: string | null;
            content_hash: string | null;
            counts: components["schemas"]["SnapshotCounts"] | components["schemas"]["Nothing"];
            warnings: string[];
            /** Format: int64 */
            withdrawn_images: number | null;
            /** Format: date-time */
            date_created: string;
            created_by: string | null;
        };
        SnapshotClassCounts: {
            class_id: number;
            name: string;
            /** Format: int64 */
            images: number;
            /** Format: int64 */
            objects: number;
        };
        SnapshotCounts: {
            /** Format: int64 */
            images: number;
            /** Format: int64 */
            objects: number;
            states: {
                [key: string]: number;
            };
            splits: {
                [key: string]: number;
            };
            classes: components["schemas"]["SnapshotClassCounts"][];
        };
        SnapshotDifference: {
            /** Format: int64 */
            image_id: number;
            url: string;
            /** @enum {string|null} */
            membership: "joined" | "left" | null;
            state: ("labeled" | "empty" | "unusable" | "unlabeled" | "draft" | null)[];
            split: ("train" | "val" | "test" | null)[];
            revisions: number[][];
            added: components["schemas"]["Object"][];
            removed: components["schemas"]["Object"][];
            moved: components["schemas"]["ObjectPair"][];
            relabeled: components["schemas"]["ObjectPair"][];
            changed: components["schemas"]["ObjectPair"][];
        };
        SnapshotDifferenceCounts: {
            images: number;
            added: number;
            removed: number;
            moved: number;
            relabeled: number;
            changed: number;
            states: number;
            splits: number;
            joined: number;
            left: number;
        };
        SnapshotDifferencePage: {
            images: components["schemas"]["SnapshotDifference"][];
            counts: components["schemas"]["SnapshotDifferenceCounts"];
            /** Format: int64 */
            from: number;
            /** Format: int64 */
            to: number;
            pagination: components["schemas"]["Pagination"];
        };
        SnapshotImage: {
            /** Format: int64 */
            image_id: number;
            url: string;
            blobstorage_path: string;
            filetype: components["schemas"]["Filetype"];
            /** Format: int64 */
            filesize: number | null;
            width: components["schemas"]["Width"];
            height: components["schemas"]["Height"];
            sha256: string | null;
            state: components["schemas"]["SnapshotImageState"];
            /** @enum {string|null} */
            review: "accepted" | "rejected" | null;
            /** @enum {string|null} */
            split: "train" | "val" | "test" | null;
            object_count: number;
            withdrawn: boolean;
            labels: components["schemas"]["SnapshotLabels"][];
            export_path?: string;
            download_url?: components["schemas"]["DownloadUrl"];
            thumbnail_url?: components["schemas"]["ThumbnailUrl"];
            preview_url?: components["schemas"]["PreviewUrl"];
        };
        SnapshotImagePage: {
            images: components["schemas"]["SnapshotImage"][];
            pagination: components["schemas"]["Pagination"];
        };
        /** @enum {string} */
        SnapshotImageState: "labeled" | "empty" | "unusable" | "unlabeled" | "draft";
        SnapshotLabels: {
            /** Format: int64 */
            campaign_id: number;
            /** Format: int64 */
            revision: number;
        };
        SnapshotObject: {
            /** Format: int64 */
            object_id: number;
            /** Format: int64 */
            image_id: number;
            /** Format: int64 */
            campaign_id: number;
            label: string;
            label_original: string;
            bounding_box: components["schemas"]["BoundingBox"];
            confidence: number | null;
            /** Format: date-time */
            date_added: string;
            class_id: number;
        };
        SnapshotPage: {
            snapshots: components["schemas"]["Snapshot"][];
            pagination: components["schemas"]["Pagination"];
        };
        SnapshotPreview: {
            kind: string;
            name: string;
            version: number;
            selection: components["schemas"]["Selection"];
            summary: string;
            split: components["schemas"]["Split"] | components["schemas"]["Nothing"];
            counts: components["schemas"]["SnapshotCounts"];
            warnings: string[];
        };
        Split: {
            key: string;
            seed: string;
            shares: {
                train: number;
                val: number;
                test: number;
            };
        };
        /** @enum {string} */
        SplitPart: "train" | "val" | "test";
        StateCounts: {
            /** Format: int64 */
            unlabeled: number;
            /** Format: int64 */
            labeled: number;
            /** Format: int64 */
            empty: number;
            /** Format: int64 */
            unusable: number;
        };
        Statistics: {
            /** Format: int64 */
            objects: number;
            /** Format: int64 */
            images: number;
            states: components["schemas"]["StateCounts"];
            reviews: components["schemas"]["ReviewCounts"];
            classes: components["schemas"]["ClassCount"][];
            objects_per_image: components["schemas"]["ObjectsPerImage"][];
            box_sizes: components["schemas"]["BoxSize"][];
            days: components["schemas"]["DayCount"][];
            senders: components["schemas"]["SenderCount"][];
            revisions_per_image: components["schemas"]["RevisionsPerImage"][];
        };
        /** @default false */
        Strict: boolean;
        Submission: {
            /** Format: int64 */
            submission_id: number | null;
            /** Format: int64 */
            campaign_id: number;
            kind: components["schemas"]["SubmissionKind"];
            /** Format: int64 */
            of: number | null;
            image_count: number;
            object_count: number;
            replaced: number;
            unchanged: number;
            tool: string | null;
            note: string | null;
            /** Format: date-time */
            date_created: string;
            created_by: string | null;
            key_name: string | null;
            request_id: string | null;
        };
        /** @enum {string} */
        SubmissionKind: "submission" | "import" | "restore" | "relabel";
        SubmissionPage: {
            submissions: components["schemas"]["Submission"][];
            pagination: components["schemas"]["Pagination"];
        };
        Suggestions: components["schemas"]["Object"][] | null;
        /** Format: uri */
        ThumbnailUrl: string | null;
        TimeOrDay: string;
        Upload: {
            name: string;
            size: number;
            md5: string | null;
            /** Format: date-time */
            date_modified: string;
        };
        UploadPage: {
            uploads: components["schemas"]["Upload"][];
            pagination: components["schemas"]["Pagination"];
        };
        User: {
            /** Format: int64 */
            user_id: number;
            email: string;
            enabled: boolean;
            roles: components["schemas"]["UserRole"][];
            /** Format: date-time */
            date_created: string;
        };
        UserChange: {
            enabled: boolean;
        };
        UserPage: {
            users: components["schemas"]["User"][];
            pagination: components["schemas"]["Pagination"];
        };
        UserRole: {
            /** Format: int64 */
            role_id: number;
            role: components["schemas"]["RoleName"];
            campaign: {
                /** Format: int64 */
                campaign_id: number;
                title: string;
            } | null;
        };
        /** @enum {string} */
        Verdict: "accepted" | "rejected";
        Whoami: {
            /** Format: int64 */
            user_id: number;
            /** Format: int64 */
            key_id: number;
            email: string;
            roles: components["schemas"]["Role"][];
        };
        Width: number | null;
        Withdrawal: {
            reason: string;
            /** Format: date-time */
            date_created: string;
            created_by: string | null;
        } | null;
    };
    responses: {
        BadRequest: {
            headers: {
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        ContentTooLarge: {
            headers: {
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        Forbidden: {
            headers: {
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        Gone: {
            headers: {
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        NotModified: {
            headers: {
                ETag: components["headers"]["ETag"];
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content?: never;
        };
        Unauthorized: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        UnsupportedMediaType: {
            headers: {
                "X-Request-ID": components["headers"]["RequestId"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        After: number;
        AfterNewer: number;
        ArchivedFilter: boolean;
        AsOf: string;
        AuditAction: "create_user" | "enable_user" | "disable_user" | "grant_role" | "revoke_role" | "create_api_key" | "rotate_api_key" | "revoke_api_key" | "create_session_key" | "end_session_key" | "create_upload_link" | "revoke_upload_links" | "change_status" | "update_image_set" | "delete_image_set" | "cancel_job" | "update_image" | "remove_images" | "archive_campaign" | "unarchive_campaign" | "delete_campaign" | "withdraw_image";
        AuditFrom: components["schemas"]["TimeOrDay"];
        AuditSubjectId: number;
        AuditSubjectType: "user" | "api_key" | "image_set" | "campaign" | "image" | "job";
        AuditTo: components["schemas"]["TimeOrDay"];
        AuditUser: string;
        BoundingBoxFilter: number[];
        CampaignFilter: number;
        CampaignId: number;
        CampaignKindFilter: "people" | "model" | "any";
        CampaignStatusFilter: components["schemas"]["CampaignStatus"];
        Campaigns: number[];
        CountedCampaigns: number[];
        CountedImageSet: number;
        DiffFrom: string;
        DiffTo: string;
        DraftImage: number;
        DraftUser: string;
        DuplicateOf: number;
        Expand: ("download_url" | "thumbnail_url" | "preview_url")[];
        ExportId: number;
        FiletypeFilter: string;
        FromSnapshot: number;
        HashDistance: number;
        IdempotencyKey: string;
        IfMatch: string;
        IfNoneMatch: string;
        ImageCursor: string;
        ImageId: number;
        ImageSetFilter: number;
        ImageSetId: number;
        ImageSetStatusFilter: components["schemas"]["ImageSetStatus"];
        ImageSort: "id" | "date_taken" | "-date_taken";
        ImportDryRun: boolean;
        ImportFormat: components["schemas"]["ImportFormat"];
        ImportId: number;
        ImportIgnoreSize: boolean;
        ImportMatch: "auto" | "id" | "path" | "name";
        ImportMode: "replace" | "append";
        ImportOnInvalid: "reject" | "clip";
        ImportOrigin: "auto" | "0" | "1";
        ImportSkipUnknown: boolean;
        ImportUpload: "link";
        JobId: number;
        JobKindFilter: "finish_image_set" | "delete_dropbox" | "inspect_image_set" | "publish_datasets" | "delete_image_files" | "make_snapshot" | "write_export" | "import_labels" | "delete_import_file";
        JobStateFilter: ("queued" | "running" | "succeeded" | "failed" | "cancelled")[];
        KeyId: number;
        LabelFilter: string;
        LabeledFilter: boolean;
        ManyPerPage: number;
        MaxObjects: number;
        MetadataFilter: components["schemas"]["MetadataValues"];
        MinObjects: number;
        NearFilter: number[];
        Note: string;
        Page: number;
        PathFilter: string;
        PerPage: number;
        PlaceCells: number;
        Prefer: string;
        PreviewCampaign: number;
        PreviewWidth: number;
        QueryName: components["schemas"]["QueryName"];
        Reopen: boolean;
        ReviewFilter: components["schemas"]["ReviewState"][];
        Revoke: boolean;
        RoleId: number;
        Sha256Filter: string;
        SnapshotId: number;
        SnapshotKind: "snapshot" | "campaign";
        SnapshotMaking: "pending" | "ready" | "failed";
        SnapshotName: string;
        SnapshotStateFilter: components["schemas"]["SnapshotImageState"][];
        SplitFilter: components["schemas"]["SplitPart"];
        StateFilter: components["schemas"]["ImageState"][];
        SubmissionFrom: components["schemas"]["TimeOrDay"];
        SubmissionId: number;
        SubmissionKey: number;
        SubmissionTo: components["schemas"]["TimeOrDay"];
        SubmissionUser: string;
        TakenFrom: components["schemas"]["TimeOrDay"];
        TakenOn: components["schemas"]["Day"];
        TakenTo: components["schemas"]["TimeOrDay"];
        TitleFilter: string;
        Tool: string;
        TypeFilter: string;
        UploadCursor: string;
        UploadsPerPage: number;
        UserId: number;
        WithdrawnFilter: boolean;
    };
    requestBodies: never;
    headers: {
        CacheControl: "private, no-cache" | "private, no-store";
        ETag: string;
        IdempotentReplayed: "true";
        Link: string;
        Location: string;
        PageLink: string;
        PreferenceApplied: string;
        RequestId: string;
        RetryAfter: number;
        RetryAfterSameKey: number;
        WWWAuthenticate: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_image_sets: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
                status?: components["parameters"]["ImageSetStatusFilter"];
                title?: components["parameters"]["TitleFilter"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageSetPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_image_set: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewImageSet"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedImageSet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_image_set: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageSet"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    update_image_set_status: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageSetStatusChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["FinishedImageSet"] | components["schemas"]["ReopenedImageSet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    delete_image_set: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageSet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    update_image_set: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageSetChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageSet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_dropbox_url: {
        parameters: {
            query?: {
                revoke?: components["parameters"]["Revoke"];
            };
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DropboxUrl"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_uploads: {
        parameters: {
            query?: {
                per_page?: components["parameters"]["UploadsPerPage"];
                cursor?: components["parameters"]["UploadCursor"];
            };
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_image_set_images: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
                campaign?: components["parameters"]["CampaignFilter"];
                labeled?: components["parameters"]["LabeledFilter"];
                taken_from?: components["parameters"]["TakenFrom"];
                taken_to?: components["parameters"]["TakenTo"];
                type?: components["parameters"]["TypeFilter"];
                filetype?: components["parameters"]["FiletypeFilter"];
                bbox?: components["parameters"]["BoundingBoxFilter"];
                withdrawn?: components["parameters"]["WithdrawnFilter"];
                expand?: components["parameters"]["Expand"];
            };
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    add_image_set_images: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageReferences"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["ImageSet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_problems: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
            };
            header?: never;
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageSetProblemPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    retry_problems: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProblemNames"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["ImageSet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    drop_problems: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                imageset_id: components["parameters"]["ImageSetId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProblemNames"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["ImageSet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_images: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
                image_set?: components["parameters"]["ImageSetFilter"];
                campaign?: components["parameters"]["CampaignFilter"];
                labeled?: components["parameters"]["LabeledFilter"];
                state?: components["parameters"]["StateFilter"];
                review?: components["parameters"]["ReviewFilter"];
                label?: components["parameters"]["LabelFilter"];
                min_objects?: components["parameters"]["MinObjects"];
                max_objects?: components["parameters"]["MaxObjects"];
                taken_from?: components["parameters"]["TakenFrom"];
                taken_to?: components["parameters"]["TakenTo"];
                taken?: components["parameters"]["TakenOn"];
                type?: components["parameters"]["TypeFilter"];
                filetype?: components["parameters"]["FiletypeFilter"];
                bbox?: components["parameters"]["BoundingBoxFilter"];
                near?: components["parameters"]["NearFilter"];
                path?: components["parameters"]["PathFilter"];
                metadata?: components["parameters"]["MetadataFilter"];
                sha256?: components["parameters"]["Sha256Filter"];
                duplicate_of?: components["parameters"]["DuplicateOf"];
                distance?: components["parameters"]["HashDistance"];
                withdrawn?: components["parameters"]["WithdrawnFilter"];
                sort?: components["parameters"]["ImageSort"];
                cursor?: components["parameters"]["ImageCursor"];
                expand?: components["parameters"]["Expand"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    update_images: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageChanges"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageChangeReceipt"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    count_image_places: {
        parameters: {
            query?: {
                cells?: components["parameters"]["PlaceCells"];
                image_set?: components["parameters"]["ImageSetFilter"];
                campaign?: components["parameters"]["CampaignFilter"];
                labeled?: components["parameters"]["LabeledFilter"];
                state?: components["parameters"]["StateFilter"];
                review?: components["parameters"]["ReviewFilter"];
                label?: components["parameters"]["LabelFilter"];
                min_objects?: components["parameters"]["MinObjects"];
                max_objects?: components["parameters"]["MaxObjects"];
                taken_from?: components["parameters"]["TakenFrom"];
                taken_to?: components["parameters"]["TakenTo"];
                taken?: components["parameters"]["TakenOn"];
                type?: components["parameters"]["TypeFilter"];
                filetype?: components["parameters"]["FiletypeFilter"];
                bbox?: components["parameters"]["BoundingBoxFilter"];
                near?: components["parameters"]["NearFilter"];
                path?: components["parameters"]["PathFilter"];
                metadata?: components["parameters"]["MetadataFilter"];
                sha256?: components["parameters"]["Sha256Filter"];
                duplicate_of?: components["parameters"]["DuplicateOf"];
                distance?: components["parameters"]["HashDistance"];
                withdrawn?: components["parameters"]["WithdrawnFilter"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagePlaces"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_image: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            303: {
                headers: {
                    Location: components["headers"]["Location"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            410: components["responses"]["Gone"];
            503: components["responses"]["Unavailable"];
        };
    };
    update_image: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageDetails"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_image_details: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageDetails"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_image_preview: {
        parameters: {
            query?: {
                campaign?: components["parameters"]["PreviewCampaign"];
                width?: components["parameters"]["PreviewWidth"];
            };
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            410: components["responses"]["Gone"];
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    withdraw_image: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWithdrawal"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageDetails"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_image_objects: {
        parameters: {
            query?: {
                campaigns?: components["parameters"]["Campaigns"];
                as_of?: components["parameters"]["AsOf"];
            };
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObjectList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_image_history: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["AfterNewer"];
            };
            header?: never;
            path: {
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageHistoryPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_queries: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptQueryPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_query: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                name: components["parameters"]["QueryName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptQuery"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    put_query: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                name: components["parameters"]["QueryName"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["QueryChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptQuery"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    delete_query: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                name: components["parameters"]["QueryName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptQuery"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_campaigns: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
                status?: components["parameters"]["CampaignStatusFilter"];
                title?: components["parameters"]["TitleFilter"];
                kind?: components["parameters"]["CampaignKindFilter"];
                archived?: components["parameters"]["ArchivedFilter"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_campaign: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCampaign"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedCampaign"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_campaign: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    update_campaign_status: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CampaignStatusChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    delete_campaign: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    update_campaign: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CampaignChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_campaign_images: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["ManyPerPage"];
                after?: components["parameters"]["After"];
                labeled?: components["parameters"]["LabeledFilter"];
                state?: components["parameters"]["StateFilter"];
                review?: components["parameters"]["ReviewFilter"];
                as_of?: components["parameters"]["AsOf"];
                expand?: components["parameters"]["Expand"];
            };
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignImagePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    add_campaign_images: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageSelections"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["CampaignWithAddition"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    remove_campaign_images: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageReferences"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    remove_campaign_image: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
                image_id: components["parameters"]["ImageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_campaign_objects: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["ManyPerPage"];
                after?: components["parameters"]["After"];
                labeled?: components["parameters"]["LabeledFilter"];
                state?: components["parameters"]["StateFilter"];
                review?: components["parameters"]["ReviewFilter"];
                as_of?: components["parameters"]["AsOf"];
            };
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LabeledImagePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    put_campaign_objects: {
        parameters: {
            query?: {
                tool?: components["parameters"]["Tool"];
                note?: components["parameters"]["Note"];
            };
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewLabels"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["Submission"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    add_labeler: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewMember"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedCampaign"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    remove_labeler: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    add_reviewer: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewMember"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedCampaign"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    remove_reviewer: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    put_reviews: {
        parameters: {
            query?: {
                reopen?: components["parameters"]["Reopen"];
            };
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewReviews"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_drafts: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                user?: components["parameters"]["DraftUser"];
                image?: components["parameters"]["DraftImage"];
            };
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DraftPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    put_drafts: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDrafts"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_campaign_submissions: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["AfterNewer"];
                user?: components["parameters"]["SubmissionUser"];
                key?: components["parameters"]["SubmissionKey"];
                from?: components["parameters"]["SubmissionFrom"];
                to?: components["parameters"]["SubmissionTo"];
            };
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubmissionPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_campaign_differences: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
                from?: components["parameters"]["DiffFrom"];
                to?: components["parameters"]["DiffTo"];
            };
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DifferencePage"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    restore_campaign: {
        parameters: {
            query?: {
                tool?: components["parameters"]["Tool"];
                note?: components["parameters"]["Note"];
            };
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Restoration"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_imports: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["AfterNewer"];
            };
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_import: {
        parameters: {
            query: {
                format: components["parameters"]["ImportFormat"];
                mode?: components["parameters"]["ImportMode"];
                match?: components["parameters"]["ImportMatch"];
                on_invalid?: components["parameters"]["ImportOnInvalid"];
                origin?: components["parameters"]["ImportOrigin"];
                skip_unknown?: components["parameters"]["ImportSkipUnknown"];
                ignore_size?: components["parameters"]["ImportIgnoreSize"];
                dry_run?: components["parameters"]["ImportDryRun"];
                upload?: components["parameters"]["ImportUpload"];
                tool?: components["parameters"]["Tool"];
                note?: components["parameters"]["Note"];
            };
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "*/*": string;
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportWithLink"];
                };
            };
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Import"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_import: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                import_id: components["parameters"]["ImportId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Import"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    update_import_status: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                import_id: components["parameters"]["ImportId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportStatusChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["Import"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_submission: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                submission_id: components["parameters"]["SubmissionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Submission"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_campaign_datasets: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    relabel_campaign: {
        parameters: {
            query?: {
                tool?: components["parameters"]["Tool"];
                note?: components["parameters"]["Note"];
            };
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Relabel"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Relabeling"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_campaign_statistics: {
        parameters: {
            query?: {
                as_of?: components["parameters"]["AsOf"];
            };
            header?: never;
            path: {
                campaign_id: components["parameters"]["CampaignId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Statistics"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_statistics: {
        parameters: {
            query?: {
                campaigns?: components["parameters"]["CountedCampaigns"];
                image_set?: components["parameters"]["CountedImageSet"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Statistics"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_snapshots: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
                name?: components["parameters"]["SnapshotName"];
                kind?: components["parameters"]["SnapshotKind"];
                state?: components["parameters"]["SnapshotMaking"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_snapshot: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSnapshot"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotPreview"];
                };
            };
            202: {
                headers: {
                    Link: components["headers"]["Link"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_snapshot: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_snapshot_images: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["ManyPerPage"];
                after?: components["parameters"]["After"];
                state?: components["parameters"]["SnapshotStateFilter"];
                split?: components["parameters"]["SplitFilter"];
                expand?: components["parameters"]["Expand"];
            };
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotImagePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_snapshot_objects: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["ManyPerPage"];
                after?: components["parameters"]["After"];
                state?: components["parameters"]["SnapshotStateFilter"];
                split?: components["parameters"]["SplitFilter"];
            };
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LabeledSnapshotImagePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_snapshot_differences: {
        parameters: {
            query: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
                from: components["parameters"]["FromSnapshot"];
            };
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotDifferencePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_exports: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_export: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                snapshot_id: components["parameters"]["SnapshotId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewExport"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Export"];
                };
            };
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Export"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_export: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                export_id: components["parameters"]["ExportId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Export"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_jobs: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["AfterNewer"];
                state?: components["parameters"]["JobStateFilter"];
                kind?: components["parameters"]["JobKindFilter"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_job: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                job_id: components["parameters"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    retry_job: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                job_id: components["parameters"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    Link: components["headers"]["Link"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["Job"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    cancel_job: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                job_id: components["parameters"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ok"] | components["schemas"]["Job"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_users: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_user: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    update_user: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    grant_role: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleGrant"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    revoke_role: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                user_id: components["parameters"]["UserId"];
                role_id: components["parameters"]["RoleId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_api_keys: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["After"];
            };
            header?: never;
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_api_key: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApiKey"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    revoke_api_key: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                user_id: components["parameters"]["UserId"];
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    rotate_api_key: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                user_id: components["parameters"]["UserId"];
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApiKeyRotation"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    list_audit: {
        parameters: {
            query?: {
                page?: components["parameters"]["Page"];
                per_page?: components["parameters"]["PerPage"];
                after?: components["parameters"]["AfterNewer"];
                user?: components["parameters"]["AuditUser"];
                action?: components["parameters"]["AuditAction"];
                subject_type?: components["parameters"]["AuditSubjectType"];
                subject_id?: components["parameters"]["AuditSubjectId"];
                from?: components["parameters"]["AuditFrom"];
                to?: components["parameters"]["AuditTo"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    Link: components["headers"]["PageLink"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    create_session_key: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSessionKey"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedSessionKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    end_session_key: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            404: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
    get_whoami: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Whoami"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            503: components["responses"]["Unavailable"];
        };
    };
    rotate_own_key: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["OwnKeyRotation"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfterSameKey"];
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: {
                headers: {
                    "X-Request-ID": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: components["responses"]["Unavailable"];
        };
    };
}
